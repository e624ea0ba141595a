"""The DAG `streamproof_dlq_replay` as Airflow parses it."""

from __future__ import annotations

import re

import pytest


@pytest.fixture(scope="module")
def parsed(parse) -> dict:
    return parse("streamproof_dlq_replay")


def test_it_loads_without_errors_and_without_heavy_imports(parsed):
    assert parsed["errors"] == {}
    assert parsed["modules"] == []


def test_the_dag_itself(parsed):
    dag = parsed["dag"]
    assert (dag["catchup"], dag["max_active_runs"], dag["schedule"]) == (False, 1, "None")
    assert {"streamproof", "dead-letters"} <= set(dag["tags"])
    assert "skipped.jsonl" in dag["doc"]
    assert parsed["dags"]["streamproof_dlq_replay"]["pack"] == "livepeer"


def test_every_param_is_typed_and_read(parsed, home):
    operators = "\n".join(file.read_text() for file in (home / "plugins/streamproof/airflow/dead_letters").glob("*.py"))
    for name, schema in parsed["dag"]["params"].items():
        assert "type" in schema, name
        assert re.search(rf'params\["{name}"\]', operators), name
    assert parsed["dag"]["defaults"]["max_replays"] == 2


def test_a_task_that_was_killed_is_tried_again(parsed):
    tasks = parsed["tasks"]
    assert {name: task["up"] for name, task in tasks.items()} == {
        "plan_replay": [], "send_replay": ["plan_replay"], "checklist": ["send_replay"],
    }  # fmt: skip
    assert all(task["timeout"] and task["retries"] == 2 for task in tasks.values())
