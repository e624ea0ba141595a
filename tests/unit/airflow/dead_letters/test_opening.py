"""What the params of the DAG ask for, and how its tasks end on bad input."""

from __future__ import annotations

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from streamproof.airflow.dead_letters.opening import pipeline_here, request_of
from streamproof.airflow.dead_letters.operators import (
    DlqChecklistOperator,
    PlanDlqReplayOperator,
    SendDlqReplayOperator,
)
from streamproof.dead_letters.request import Edit, ReplayRequest
from streamproof.model.errors import UsageError

PARAMS = {
    "pack": "livepeer", "run": None, "replay_id": None, "from_ts": None, "to_ts": None, "failure_class": [],
    "reason": [], "move": [], "set": [], "max_replays": 2, "rate": None, "dry_run": False,
    "allow_partial_window": False, "dlq_topic": None, "output_topic": None, "checklist": True, "timeout_sec": None,
}  # fmt: skip
KAFKA = '{"conn_type": "kafka", "extra": {"bootstrap.servers": "nowhere:1"}}'


@pytest.fixture(autouse=True)
def connections(monkeypatch, tmp_path):
    monkeypatch.setenv("AIRFLOW_CONN_KAFKA_DEFAULT", KAFKA)
    monkeypatch.setenv("AIRFLOW_CONN_CLICKHOUSE_DEFAULT", '{"conn_type": "clickhouse", "host": "ch", "schema": "db"}')
    monkeypatch.setenv("STREAMPROOF_ARTIFACTS", str(tmp_path))


def test_params_become_a_request():
    asked = request_of(
        {
            **PARAMS,
            "from_ts": "2026-03-01T00:00:00.0001Z",
            "to_ts": "2026-03-02",
            "reason": ["missing_field"],
            "move": ["data.a=data.b"],
            "set": ["data.c=1"],
            "rate": 5.0,
        }
    )
    assert asked == ReplayRequest(
        start_ms=1_772_323_200_001,
        end_ms=1_772_409_600_000,
        reasons=("missing_field",),
        edits=(Edit("data.b", source="data.a"), Edit("data.c", "1")),
        rate=5.0,
    )


def test_the_pipeline_is_that_of_the_connections():
    found = pipeline_here({**PARAMS, "output_topic": "elsewhere"})
    assert (found.dlq_topic, found.output_topic) == ("events.dlq.streaming_events.v1", "elsewhere")
    assert found.kafka.bootstrap_servers == "nowhere:1"
    assert (found.warehouse.host, found.warehouse.database) == ("ch", "db")
    with pytest.raises(UsageError, match="There is no run 'gone'"):
        pipeline_here({**PARAMS, "run": "gone"})


def executed(operator, **params):
    return operator(task_id="step").execute({"params": {**PARAMS, **params}, "run_id": "manual__1"})


def test_bad_input_is_not_tried_again():
    with pytest.raises(AirflowFailException, match="The window is empty"):
        executed(PlanDlqReplayOperator, from_ts="2026-03-02", to_ts="2026-03-01")
    with pytest.raises(AirflowFailException, match="not a replay id"):
        executed(PlanDlqReplayOperator, replay_id="../up")


def test_a_dry_run_and_an_unwanted_checklist_are_skipped():
    with pytest.raises(AirflowSkipException):
        executed(SendDlqReplayOperator, dry_run=True)
    with pytest.raises(AirflowSkipException):
        executed(DlqChecklistOperator, checklist=False)
