"""What a replay may be asked to do, and when a window is beyond what a topic has kept."""

from __future__ import annotations

import pytest

from streamproof.dead_letters.request import ReplayRequest
from streamproof.dead_letters.retention import refuse_lost
from streamproof.model.errors import UsageError

START = 1_772_226_000_000


def test_the_window_is_half_open():
    request = ReplayRequest(START, START + 10)
    assert [request.selects(START + shift) for shift in (-1, 0, 9, 10)] == [False, True, True, False]
    assert not request.selects(None)


def test_either_end_may_be_open():
    assert ReplayRequest(start_ms=START).selects(START + 10**9)
    assert ReplayRequest(end_ms=START).selects(1)
    assert not ReplayRequest(end_ms=START).selects(START)
    assert ReplayRequest().selects(None)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"start_ms": START, "end_ms": START}, "The window is empty"),
        ({"start_ms": 10**18, "end_ms": 5}, "The window is empty"),
        ({"max_replays": 0}, "max_replays is 0"),
        ({"batch": 0}, "batch is 0"),
        ({"rate": 0.0}, "sends nothing"),
        ({"rate": float("nan")}, "sends nothing"),
    ],
)
def test_what_cannot_be_asked(wrong, message):
    with pytest.raises(UsageError, match=message):
        ReplayRequest(**wrong)


def test_a_topic_that_has_dropped_nothing_has_everything():
    assert refuse_lost(ReplayRequest(START), "dlq", {0: (0, 5), 1: (0, 0)}, {0: START + 10}) == []


def test_what_was_dropped_before_the_window_began_does_not_matter():
    assert refuse_lost(ReplayRequest(START), "dlq", {0: (3, 5)}, {0: START}) == []


@pytest.mark.parametrize("first", [START + 1, None])
def test_a_window_that_begins_before_the_first_retained_record_is_refused(first):
    with pytest.raises(UsageError, match=r"partition 0 dropped 3 records") as refused:
        refuse_lost(ReplayRequest(START), "dlq", {0: (3, 5)}, {0: first})
    assert "2026-02-27T21:00:00.000Z" in refused.value.message
    assert "--allow-partial-window" in refused.value.hint


def test_what_was_dropped_is_named_where_it_is_allowed_or_everything_left_is_wanted():
    for request in (ReplayRequest(START, allow_partial=True), ReplayRequest()):
        [lost] = refuse_lost(request, "dlq", {0: (3, 5)}, {0: START + 1})
        assert lost == {"partition": 0, "dropped_records": 3, "first_retained_at": "2026-02-27T21:00:00.001Z"}
