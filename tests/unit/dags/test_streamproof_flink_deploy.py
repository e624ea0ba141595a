"""The DAG `streamproof_flink_deploy` as Airflow parses it."""

from __future__ import annotations

import pytest

TASKS = ("cluster_health", "deployment", "job_report")


@pytest.fixture(scope="module")
def parsed(parse) -> dict:
    return parse("streamproof_flink_deploy")


def test_it_loads_without_errors_and_without_heavy_imports(parsed):
    assert parsed["errors"] == {}
    assert parsed["modules"] == []
    assert parsed["loaded_clients"] == []


def test_the_dag_itself(parsed):
    dag = parsed["dag"]

    assert dag["catchup"] is False
    assert dag["max_active_runs"] == 1
    assert dag["schedule"] == "None"
    assert {"streamproof", "flink"} <= set(dag["tags"])
    assert "savepoint" in dag["doc"]
    assert parsed["dags"]["streamproof_flink_deploy"]["owner"] == "data-platform"


def test_every_param_is_typed(parsed):
    params = parsed["dag"]["params"]

    assert all("type" in schema or "enum" in schema for schema in params.values())
    assert params["action"]["enum"] == ["deploy", "update", "stop", "cancel", "rollback"]
    assert {"jar", "entry_class", "parallelism", "savepoint", "drain", "allow_non_restored_state"} <= set(params)
    assert parsed["dag"]["defaults"]["connection"] == "flink_default"


def test_health_comes_first_and_waits_are_deferred(parsed):
    tasks = parsed["tasks"]

    assert tuple(tasks) == TASKS
    assert (tasks["deployment"]["up"], tasks["job_report"]["up"]) == (["cluster_health"], ["deployment"])
    assert tasks["deployment"]["deferrable"] is True


def test_every_task_has_a_time_limit_and_may_be_killed(parsed):
    assert [name for name, task in parsed["tasks"].items() if not task["timeout"]] == []
    assert {task["retries"] for task in parsed["tasks"].values()} == {2}
