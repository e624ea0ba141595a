"""The one polling function: its pauses, its end, and what it says when time runs out."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from streamproof.model import waiting
from streamproof.model.errors import StackError, WaitTimeoutError
from streamproof.model.waiting import Probe, now_at, shown_by, wait_until, wait_until_async


@pytest.fixture
def pauses(monkeypatch):
    """Pauses take no time; they are recorded, and the clock moves on by them."""
    taken: list[float] = []

    async def pause(seconds: float) -> None:
        taken.append(seconds)

    monkeypatch.setattr(waiting.asyncio, "sleep", pause)
    monkeypatch.setattr(waiting.time, "monotonic", lambda: sum(taken))
    return taken


def counting(times: int):
    left = [times]

    def look() -> Probe:
        left[0] -= 1
        return Probe(left[0] < 0, f"{left[0] + 1} more")

    return look


def test_what_holds_at_once_costs_no_pause(pauses):
    assert wait_until(counting(0), timeout=1, message="m", hint="h") == 0
    assert pauses == []


def test_pauses_grow_from_50_ms_by_half_up_to_2_s(pauses):
    wait_until(counting(14), timeout=100, message="m", hint="h")
    assert pauses[:4] == pytest.approx([0.05, 0.075, 0.1125, 0.16875])
    assert max(pauses) == 2.0
    assert pauses == sorted(pauses)


def test_a_time_out_says_what_was_still_missing(pauses):
    with pytest.raises(WaitTimeoutError) as raised:
        wait_until(lambda: Probe(False, "3 of 4 rows"), timeout=5, message="the drain", hint="look there")
    assert "the drain" in raised.value.message
    assert "3 of 4 rows" in raised.value.message
    assert raised.value.hint == "look there"
    assert sum(pauses) == pytest.approx(5, abs=0.1)


def test_an_error_of_the_look_ends_the_wait(pauses):
    def broken() -> Probe:
        raise StackError("the broker died", hint="h")

    with pytest.raises(StackError, match="the broker died"):
        wait_until(broken, timeout=5, message="m", hint="h")


def test_an_async_look_is_awaited(pauses):
    async def look() -> Probe:
        return Probe(bool(pauses), "once more")

    assert asyncio.run(wait_until_async(look, timeout=1, message="m", hint="h")) == pytest.approx(0.05)


def test_a_wait_says_what_is_missing_and_at_the_end_nothing(pauses):
    said: list[str] = []
    with shown_by(said.append):
        wait_until(counting(2), timeout=9, message="m", hint="h")
    wait_until(counting(2), timeout=99, message="m", hint="h")
    assert said == ["2 more", "1 more", ""]


def test_threads_are_shown_apart(pauses):
    said: dict[str, list[str]] = {"one": [], "two": []}

    def work(name: str) -> None:
        with shown_by(said[name].append):
            now_at(name)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, said))
    now_at("to nobody")
    assert said == {"one": ["one"], "two": ["two"]}
