"""The DAG `streamproof_prove` as Airflow parses it."""

from __future__ import annotations

import itertools

import pytest

AFTER_SUITES = ("contracts", "conservation", "oracle")
BEFORE_SUITES = ("stack_up", "schema_apply", "pipeline_ready", "replay_events", "pipeline_wait", "query_pack")
INFRASTRUCTURE = {"stack_up", "schema_apply", "stack_down"}


@pytest.fixture(scope="module")
def parsed(parse) -> dict:
    return parse("streamproof_prove")


def test_it_loads_without_errors_and_without_heavy_imports(parsed):
    assert parsed["errors"] == {}
    assert parsed["modules"] == []


def test_the_dag_itself(parsed):
    dag = parsed["dag"]

    assert dag["catchup"] is False
    assert dag["max_active_runs"] == 1
    assert dag["schedule"] == "0 5 * * 0"
    assert {"streamproof", "proof"} <= set(dag["tags"])
    assert "does not fail under its mutation" in dag["doc"]
    assert (dag["callback"], dag["on_success"]) == ("mail_failed_run", "mail_passed_run")
    assert dag["defaults"]["mode"] == "prove"
    assert all("type" in schema or "enum" in schema for schema in dag["params"].values())


def test_the_whole_run_is_made_before_the_proof(parsed):
    tasks = parsed["tasks"]

    for before, after in itertools.pairwise(("plan_run", *BEFORE_SUITES)):
        assert before in tasks[after]["up"]
    assert set(tasks["prove"]["up"]) == {"assert_suite", *AFTER_SUITES}
    assert tasks["prove"]["rule"] == "all_success"
    assert tasks["assert_suite"]["mapped"]
    assert set(tasks["publish_summary"]["up"]) == {"stack_up", "prove"}
    assert set(tasks["stack_down"]["up"]) == {"stack_up", "publish_summary"}


def test_both_ends_run_whatever_happened_and_the_runs_state_is_the_verdicts(parsed):
    tasks = parsed["tasks"]

    assert tasks["stack_up"]["setup"]
    assert tasks["stack_down"]["teardown"]
    assert tasks["publish_summary"]["fails_run"]
    assert not tasks["stack_down"]["fails_run"]
    assert {tasks[name]["rule"] for name in ("publish_summary", "stack_down")} == {"all_done"}


def test_every_task_has_a_time_limit_and_only_infrastructure_is_tried_again(parsed):
    assert [name for name, task in parsed["tasks"].items() if not task["timeout"]] == []
    assert {name for name, task in parsed["tasks"].items() if task["retries"]} == INFRASTRUCTURE


def test_a_proof_verifies_no_data(parsed):
    assert [name for name, task in parsed["tasks"].items() if task["outlets"]] == []
