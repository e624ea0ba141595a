"""Rate and remaining time: a bar on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from streamproof.report.terminal import replay
from streamproof.report.terminal.replay import ReplayProgress


@pytest.fixture
def clock(monkeypatch):
    """A monotonic clock that a test sets."""
    now = [0.0]
    monkeypatch.setattr(replay.time, "monotonic", lambda: now[0])
    return now


def test_lines_tell_rate_and_rest_without_what_came_before(clock):
    out = io.StringIO()
    with ReplayProgress(Console(file=out), 1_000) as progress:
        progress.before(200)
        for clock[0], records in ((1.0, 100), (5.0, 100), (6.0, 100), (10.0, 500)):
            progress.add(records)
    assert out.getvalue().splitlines() == [
        "400 of 1,000 records acknowledged, 40/s, 15.0 s left",
        "1,000 of 1,000 records acknowledged, 80/s",
    ]


def test_the_rest_of_a_paced_replay_is_that_of_its_pace(clock):
    out = io.StringIO()
    with ReplayProgress(Console(file=out), 1_000, expected_sec=60.0) as progress:
        clock[0] = 10.0
        progress.add(900)
    assert "900 of 1,000 records acknowledged, 90/s, 50.0 s left" in out.getvalue()


def test_nothing_is_said_of_a_replay_that_never_began(clock):
    out = io.StringIO()
    with ReplayProgress(Console(file=out), 5):
        pass
    assert out.getvalue() == ""


@pytest.mark.parametrize("expected_sec", [None, 60.0])
def test_a_terminal_gets_a_bar(expected_sec):
    out = io.StringIO()
    with ReplayProgress(Console(file=out, force_terminal=True, width=120), 10, expected_sec) as progress:
        progress.add(10)
    assert "10/10" in out.getvalue()
