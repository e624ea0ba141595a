"""The oracle's rules, one hand-made case each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from packs.livepeer.oracle import FIELDS, expected_sessions

HERE = Path(__file__).parent
NUMBERS = {
    "scenario_1_clean_success_no_swap_fps_gt_12": 1,
    "scenario_2_no_orchestrator_then_closed": 2,
    "scenario_3_success_with_swap": 3,
    "scenario_4_success_with_param_updates": 4,
    "scenario_5_out_of_category_baseline": 5,
}


class _PlainLoader(yaml.SafeLoader):
    """Leaves times as the text that the tables hold."""


_PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _cases(name: str) -> list[Any]:
    table = yaml.load((HERE / name).read_text(encoding="utf-8"), _PlainLoader)
    return [pytest.param(case, id=case["name"]) for case in table]


@pytest.mark.parametrize("case", [*_cases("cases.yaml"), *_cases("attribution.yaml")])
def test_the_facts_are_those_of_the_table(case, build_records):
    rows = {row["workflow_session_id"]: row for row in expected_sessions(build_records(case["events"]))}
    assert set(rows) == set(case["expect"])
    for session, facts in case["expect"].items():
        assert {name: rows[session][name] for name in facts} == facts


@pytest.mark.parametrize("case", _cases("scenarios.yaml"))
def test_a_session_satisfies_the_scenarios_of_the_table(case, build_records):
    (row,) = expected_sessions(build_records(case["events"]))
    assert [NUMBERS[name] for name in row["scenarios"]] == case["scenarios"]
    assert row["scenario_observed"] == row["scenarios"][0]


def test_rows_are_json_able_ordered_by_start_and_hold_the_compared_fields(build_records):
    events = [{"status": 1, "t": 50, "stream": "late"}, {"status": 1, "t": 0, "stream": "soon"}]
    rows = expected_sessions(build_records(events))
    assert [row["workflow_session_id"] for row in rows] == ["soon|req-1", "late|req-1"]
    assert json.loads(json.dumps(rows)) == rows
    assert set(rows[0]) == {"workflow_session_id", "trace_count", *FIELDS}


def test_no_records_make_no_sessions():
    assert expected_sessions([]) == []


@pytest.mark.parametrize(
    ("spec", "sessions"),
    [
        # The message stands in the row twice, as a column and in the raw text: 600 kB are too much, 400 kB are not.
        ({"event": "error", "t": 0, "message": "x" * 600_000}, 0),
        ({"event": "error", "t": 0, "message": "x" * 400_000}, 1),
        ({"status": 1, "t": 0, "data": {"padding": "x" * 1_000_001}}, 0),
        ({"status": 1, "t": 0, "data": {"padding": "x" * 900_000}}, 1),
    ],
)
def test_a_record_whose_row_is_too_large_contributes_nothing(spec, sessions, build_records):
    assert len(expected_sessions(build_records([spec]))) == sessions


def test_a_capability_event_with_a_too_large_object_is_rejected_as_a_whole(build_records):
    offers = [
        {"wallet": "0xcanon1", "proxy": "0xp1", "url": "u", "hardware": ["demo-model"]},
        {"wallet": "0xcanon2", "proxy": "0xp2", "url": "u" * 1_000_001, "hardware": ["demo-model"]},
    ]
    events = [{"offers": offers, "t": 0}, {"status": 1, "t": 0, "by": ["0xp1", ""]}]
    (row,) = expected_sessions(build_records(events))
    assert row["orchestrator_address"] == ""


@pytest.mark.parametrize("value", [b"\xff\xfe", b'{"a":' * 100_000, b'{"timestamp":' + b"9" * 5000 + b"}"])
def test_bytes_that_cannot_be_read_are_no_events(value):
    assert expected_sessions([(0, value)]) == []


@pytest.mark.parametrize(("fps", "mean"), [(None, 0.0), (-1.5, -1.5), (0.1, 0.1), (61.2345678, 61.234568)])
def test_the_mean_is_of_the_numbers_in_the_events(fps, mean, build_records):
    spec = {"status": None, "t": 0, "data": {"inference_status": {"fps": fps}}}
    (row,) = expected_sessions(build_records([spec]))
    assert row["avg_output_fps"] == mean
