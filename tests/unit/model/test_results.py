"""Results and their round trip through JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamproof.model.formats.json_data import from_json
from streamproof.model.results import LAYERS, CheckResult, StageResult, Status, worst

json_data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
seconds = st.integers(0, 10**9).map(lambda micro: micro / 1e6)
checks = st.builds(
    CheckResult,
    suite=st.text(),
    name=st.text(),
    status=st.sampled_from(Status),
    failed_rows=st.integers(0),
    diagnostics=st.dictionaries(st.text(), json_data, max_size=3),
    error=st.none() | st.text(),
    duration_sec=seconds,
    source_file=st.text(),
    sessions=st.lists(st.text(), max_size=3).map(tuple),
    layer=st.sampled_from(("", *LAYERS)),
    meaning=st.text(),
    line=st.integers(0),
)
stages = st.builds(
    StageResult,
    stage=st.text(),
    status=st.sampled_from(Status),
    started_at=st.text(),
    ended_at=st.text(),
    duration_sec=seconds,
    error=st.none() | st.text(),
    hint=st.none() | st.text(),
    details=st.dictionaries(st.text(), json_data, max_size=3),
    checks=st.lists(checks, max_size=3).map(tuple),
)


@given(stages)
def test_a_stage_result_round_trips_through_json(result):
    assert from_json(StageResult, json.loads(json.dumps(result.as_json()))) == result


def test_a_result_written_before_layers_were_known_is_still_read():
    data = CheckResult("raw_typed", "x", Status.PASSED).as_json()
    del data["layer"]
    assert from_json(CheckResult, data).layer == ""


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([], Status.SKIPPED),
        ([Status.SKIPPED], Status.SKIPPED),
        ([Status.SKIPPED, Status.PASSED], Status.PASSED),
        ([Status.PASSED, Status.ERRORED], Status.ERRORED),
        ([Status.ERRORED, Status.FAILED, Status.PASSED], Status.FAILED),
    ],
)
def test_the_worst_status_wins(statuses, expected):
    assert worst(statuses) is expected
