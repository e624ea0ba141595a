"""The oracle's rows and those of the processor's core, which share nothing: the same, column by column."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from packs.livepeer.generator import generate_load
from streamproof.fixtures.ordering import plan_replay
from streamproof.model.fixture import ReplayRules
from tests.unit.values.table import CASES as VALUES

from .beside import differences, expected, published

RULES = ReplayRules(
    first_types=("network_capabilities",),
    key_field="stream_id",
    event_table="streaming_events",
    id_field="workflow_session_id",
)
EVENTS: dict[str, dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "row_events.yaml").read_text("utf-8"))


def differences_of(manifest: Path) -> list[str]:
    plan = plan_replay(manifest, RULES)
    return differences(published(value for _, value in plan.records()))


@pytest.mark.parametrize("kind", ["golden", "hostile"])
def test_they_agree_on_a_committed_set(kind, home):
    assert differences_of(home / "include/fixtures/livepeer" / kind / "manifest.json") == []


def test_they_agree_on_a_load_set(tmp_path):
    assert differences_of(generate_load(2_000, tmp_path, seed=11)) == []


def test_they_agree_on_every_value_of_the_table_that_all_readers_follow():
    assert [found for case in VALUES for found in differences(published([case.value]))] == []


def _paths(value: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the places of an event, from the root down."""
    if not isinstance(value, dict | list):
        return [above]
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    return [above, *(path for name, held in inner for path in _paths(held, (*above, name)))]


# `version`, `__replay` and `sender` are places that no whole event has.
PLACES = [
    (family, path)
    for family, event in EVENTS.items()
    for path in [*_paths(event)[1:], ("version",), ("__replay",), ("sender",), ("data", "version"), ("data", "region")]
    if isinstance(event["data"], dict) or path[:1] != ("data",) or path not in (("data", "version"), ("data", "region"))
]
ABSENT = "<absent>"
ODD: list[Any] = [
        ABSENT, None, True, False, 0, 1, -1, 7, 35, 255, 256, 65_535, 65_536, 2**31, 2**32, 2**63 - 1, 2**63, 2**64,
        10**25, 0.0, -0.0, 1.0, 0.5, 35.0, 1e-5, 1e-7, 1e16, 1e22, 3.5e38, 9.3e18, 1_781_000_000_000, 5_662_310_399_999,
        5_662_310_400_000, "", " ", "x", "0", " 12 ", "-1", "1_000", "٤١", "00000000000000000000000001781000000000",
        "1e2", ".5", "nan", "1781000000000", "99999999999999999999", "v1", "1", "imagine-xl", "default", " 0xAB ",
        "é😀", "app_send_stream_request", "error", "status", [], [None], [1], {}, {"a": 1}, {"35": None},
        {"035": {"models": {}}}, {"1": {"models": {"imagine-xl": {}}}},
        {"35": {"models": {"imagine-xl": None, "n": {"warm": 300}}}},
    ]  # fmt: skip


def _changed(family: str, changes: list[tuple[tuple[Any, ...], Any]]) -> bytes:
    """Return an event with some of its places filled anew; a place that is gone by then is passed over."""
    event = copy.deepcopy(EVENTS[family])
    for path, value in changes:
        holder: Any = event
        for name in path[:-1]:
            inside = isinstance(holder, dict) or (
                isinstance(holder, list) and isinstance(name, int) and name < len(holder)
            )
            holder = (holder.get(name) if isinstance(holder, dict) else holder[name]) if inside else None
        name = path[-1]
        if isinstance(holder, list) and not (isinstance(name, int) and name < len(holder)):
            continue
        if isinstance(holder, dict | list) and value != ABSENT:
            holder[name] = copy.deepcopy(value)
        elif isinstance(holder, dict):
            holder.pop(name, None)
    return json.dumps(event, ensure_ascii=False).encode()


@st.composite
def _values(draw: st.DrawFn) -> bytes:
    family, first = draw(st.sampled_from(PLACES))
    others = draw(st.lists(st.sampled_from([path for name, path in PLACES if name == family]), max_size=2))
    return _changed(family, [(path, draw(st.sampled_from(ODD))) for path in (first, *others)])


@settings(max_examples=200, deadline=None)
@given(values=st.lists(_values(), min_size=1, max_size=4))
def test_they_agree_on_any_value_in_any_field(values):
    assert differences(published(values)) == []


@pytest.mark.parametrize("family", EVENTS)
def test_they_agree_on_every_unusual_value_in_every_field(family):
    """Each event by itself: all have one id, so that beside each other most would be duplicates."""
    values = [_changed(name, [(path, odd)]) for name, path in PLACES if name == family for odd in ODD]
    assert [found for value in values for found in differences(published([value]))] == []


def test_they_agree_around_the_longest_row():
    """The row repeats the prompt and the text that it stands in; `state` moves its size byte by byte."""
    prompt = ("data", "inference_status", "last_params", "prompt")

    def of_length(length: int, state: str) -> bytes:
        return _changed("ai_stream_status", [(prompt, "x" * length), (("data", "state"), state)])

    (row, _) = (row for _, row in expected(published([of_length(600_000, "")]))[0])
    longest = 600_000 - (int(row["failure_details"].split()[2]) - 1_000_000) // 2
    values = [of_length(longest + more, state) for more in (-2, -1, 0, 1) for state in ("", "\n", "é", "ab\U0001f600")]
    dispositions = [rows[-1][1]["disposition"] for value in values for rows in expected(published([value]))]
    assert set(dispositions) == {"accepted", "dlq"}
    assert [found for value in values for found in differences(published([value]))] == []


def _nested(levels: int) -> Any:
    held: Any = 1
    for level in range(levels):
        held = [held] if level % 2 else {"a": held}
    return held


@pytest.mark.parametrize("levels", [190, 195, 196, 197, 198, 199, 200, 201, 400])
@pytest.mark.parametrize(
    ("family", "path"),
    [
        ("ai_stream_status", ("data", "inference_status", "last_params", "prompt")),
        ("network_capabilities", ("data", 0, "note")),
        ("discovery_results", ("data", 0, "note")),
        ("stream_trace", ("version",)),
        ("stream_trace", ("id",)),
    ],
)
def test_they_agree_on_nested_values(levels, family, path):
    value = json.loads(_changed(family, [(path, _nested(levels))]))
    by_content = json.dumps({name: held for name, held in value.items() if name != "id" or path == ("id",)}).encode()
    assert differences(published([json.dumps(value).encode(), by_content, by_content])) == []


def test_they_agree_on_large_rows_among_small_ones_and_on_rejects_that_are_themselves_too_large():
    offer = EVENTS["network_capabilities"]["data"][0]
    event = {
        **EVENTS["network_capabilities"],
        "data": [offer, {**offer, "note": "é" * 500_000}, {**offer, "note": "x"}],
    }
    shorter = {**event, "data": [offer, {**offer, "note": "x" * 999_000}]}
    trace = {**EVENTS["stream_trace"], "id": "", "note": "y" * 600_000}
    values: list[bytes | None] = [json.dumps(value, ensure_ascii=False).encode() for value in (event, shorter, trace)]
    assert differences(published([*values, b"no json " * 120_000, b"\xff" * 749_000, b" " * 1_000_001])) == []
