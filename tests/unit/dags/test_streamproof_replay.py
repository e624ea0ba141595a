"""The DAG `streamproof_replay` as Airflow parses it."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module")
def parsed(parse) -> dict:
    return parse("streamproof_replay")


def test_it_loads_without_errors_and_without_heavy_imports(parsed):
    assert parsed["errors"] == {}
    assert parsed["modules"] == []


def test_the_dag_itself(parsed):
    dag = parsed["dag"]
    assert (dag["catchup"], dag["max_active_runs"], dag["schedule"]) == (False, 1, "None")
    assert {"streamproof", "replay"} <= set(dag["tags"])
    assert "ledger" in dag["doc"]
    assert parsed["dags"]["streamproof_replay"]["owner"] == "data-platform"


def test_every_param_is_typed(parsed):
    params = parsed["dag"]["params"]
    assert all("type" in schema or "enum" in schema for schema in params.values())
    assert {"manifest", "topic", "scenarios", "speed", "shift_to", "events", "dry_run"} <= set(params)
    assert parsed["dag"]["defaults"]["connection"] == "kafka_default"


def test_its_task_has_a_time_limit_and_may_be_killed(parsed):
    assert {name: (task["timeout"], task["retries"]) for name, task in parsed["tasks"].items()} == {"replay": (True, 3)}
