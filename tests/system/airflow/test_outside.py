"""The DAG on services that it did not start: all that it knows of them are Airflow's connections."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.outside.services import PASSWORDS, Outside, outside_services

from .test_dag_run import run_dag

pytestmark = [pytest.mark.system, pytest.mark.engine]

NOT_OF_AN_OBSERVATION = {
    "schema_apply", "pipeline_ready", "replay_events", "pipeline_wait", "inject", "conservation", "oracle",
    "stack_down",
}  # fmt: skip


@pytest.fixture(scope="module")
def outside(home: Path, cache_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    with outside_services(home, tmp_path_factory.mktemp("outside"), cache_dir) as services:
        yield services


def connections(outside: Outside, user: str, database: str = "default") -> dict[str, str]:
    clickhouse = {
        "conn_type": "clickhouse", "host": outside.state.clickhouse_host, "port": outside.state.clickhouse_port,
        "login": user, "password": PASSWORDS[0], "schema": database,
    }  # fmt: skip
    kafka = {
        "bootstrap.servers": outside.login_servers, "security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN",
        "sasl.username": "runner", "sasl.password": PASSWORDS[1],
    }  # fmt: skip
    return {
        "AIRFLOW_CONN_CLICKHOUSE_DEFAULT": json.dumps(clickhouse),
        "AIRFLOW_CONN_KAFKA_DEFAULT": json.dumps({"conn_type": "kafka", "extra": kafka}),
    }


def test_a_run_by_connections_and_an_observation_of_what_it_leaves(tmp_path, mail_sink, outside):
    mail = mail_sink.environment()
    kept = {"stack": "external", "keep_stack": True}
    ran = run_dag(kept, tmp_path / "runs", {**connections(outside, "runner"), **mail})
    assert ran["state"] == "success", ran
    assert ran["summary"]["verdict"] == "passed"
    skipped = {task for task, state in ran["tasks"].items() if state == "skipped"}
    assert skipped == {"inject", "warehouse_check", "stack_down"}
    folder = Path(ran["summary"]["folder"])
    texts = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(secret.encode() in text for text in texts for secret in PASSWORDS)
    database = json.loads((folder / "stages" / "schema_apply.json").read_text())["details"]["database"]
    window = json.loads((folder / "plan.json").read_text())["window"]

    observing = {"mode": "observe", **window}
    seen = run_dag(observing, tmp_path / "seen", {**connections(outside, "reader", database), **mail})
    assert seen["state"] == "success", seen
    assert seen["summary"]["verdict"] == "passed"
    assert {task for task, state in seen["tasks"].items() if state == "skipped"} == NOT_OF_AN_OBSERVATION
    assert seen["tasks"]["warehouse_check"] == "success"
    assert mail_sink.mails == []


def test_an_observation_without_a_connection_ends_as_an_error_that_names_it(tmp_path, mail_sink):
    environment = {**mail_sink.environment(), "STREAMPROOF_CLICKHOUSE_CONN_ID": "warehouse"}
    ran = run_dag({"mode": "observe", "lookback_hours": 24}, tmp_path / "runs", environment)
    assert ran["state"] == "failed"
    assert ran["summary"]["verdict"] == "error"
    assert "no usable connection warehouse" in ran["summary"]["error"]
    assert len(mail_sink.mails) == 1
