"""Differences are found, named and never hidden."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from packs.livepeer.oracle import FIELDS, compare, expected_sessions

EVENTS = [
    {"offers": [{"wallet": "0xcanon1", "proxy": "0xp", "url": "https://a:1", "hardware": ["demo-model"]}], "t": 0},
    {"trace": "gateway_receive_stream_request", "t": 0},
    {"trace": "gateway_receive_first_processed_segment", "t": 700},
    {"trace": "gateway_receive_few_processed_segments", "t": 900, "by": ["0xp", "https://a:1"]},
    {"status": 16.4, "t": 1000, "by": ["0xp", "https://a:1"]},
]
SESSION = "strm-1|req-1"


@pytest.fixture
def row(build_records):
    (only,) = expected_sessions(build_records(EVENTS))
    return only


def _altered(value):
    if isinstance(value, str):
        return value + "x"
    if isinstance(value, list):
        return [*value, "scenario_9"]
    return 1 if value is None else value + 1


@pytest.mark.parametrize("field", FIELDS)
def test_a_single_changed_field_is_found_and_named(field, row):
    observed = row | {field: _altered(row[field])}
    (difference,) = compare([row], [observed])
    assert difference == {
        "workflow_session_id": SESSION,
        "kind": "value",
        "field": field,
        "expected": row[field],
        "observed": observed[field],
    }


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_that_was_lost_is_a_difference(field, row):
    observed = {name: value for name, value in row.items() if name != field}
    (difference,) = compare([row], [observed])
    assert (difference["field"], difference["observed"]) == (field, "(no such field)")
    assert compare([row], [observed], fields=[name for name in FIELDS if name != field]) == []


def test_missing_unexpected_and_duplicate_sessions_are_named(row):
    other = row | {"workflow_session_id": "b"}
    assert compare([row], [other, other]) == [
        {"workflow_session_id": SESSION, "kind": "missing", "field": "rows", "expected": 1, "observed": 0},
        {"workflow_session_id": "b", "kind": "unexpected", "field": "rows", "expected": 0, "observed": 2},
    ]
    assert compare([row], [row, row]) == [
        {"workflow_session_id": SESSION, "kind": "duplicate", "field": "rows", "expected": 1, "observed": 2}
    ]


@pytest.mark.parametrize(
    ("expected", "observed"),
    [
        (16.4, 16.4 + 9e-7),
        (700, 700.0),
        (1, True),
        (None, ""),
        ("", None),
        (None, float("nan")),
        (["a", "b"], ("a", "b")),
        ("2026-06-09T10:13:20.000Z", datetime(2026, 6, 9, 10, 13, 20, tzinfo=UTC)),
        ("2026-06-09T10:13:20.000Z", datetime(2026, 6, 9, 12, 13, 20, tzinfo=timezone(timedelta(hours=2)))),
        ("2026-06-09T10:13:20.000Z", datetime.fromisoformat("2026-06-09T10:13:20")),
    ],
)
def test_two_ways_to_write_one_value_are_equal(expected, observed):
    rows = {"workflow_session_id": "a", "field": expected}, {"workflow_session_id": "a", "field": observed}
    assert compare([rows[0]], [rows[1]], fields=["field"]) == []


@pytest.mark.parametrize(
    ("expected", "observed"),
    [(16.4, 16.4 + 2e-6), (0, None), (None, 0), (0, ""), (16.4, float("nan")), (0, 1), ("a", "A"), ("1", 1)],
)
def test_different_values_are_not_equal(expected, observed):
    rows = {"workflow_session_id": "a", "field": expected}, {"workflow_session_id": "a", "field": observed}
    assert len(compare([rows[0]], [rows[1]], fields=["field"])) == 1
