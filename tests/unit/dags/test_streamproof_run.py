"""The DAG `streamproof_run` as Airflow parses it."""

from __future__ import annotations

import itertools

import pytest

CHECKS = {"assert_suite", "contracts", "conservation", "oracle", "query_pack"}
INFRASTRUCTURE = {"stack_up", "schema_apply", "stack_down", "warehouse_check"}


@pytest.fixture(scope="module")
def parsed(parse) -> dict:
    return parse("streamproof_run")


def test_it_loads_without_errors_and_without_heavy_imports(parsed):
    assert parsed["errors"] == {}
    assert parsed["modules"] == []


def test_the_plugin_is_found_and_the_package_is_not_imported_file_by_file(parsed):
    assert "streamproof" in parsed["plugins"]
    assert parsed["loaded_alone"] == []


def test_the_dag_itself(parsed):
    dag = parsed["dag"]

    assert dag["catchup"] is False
    assert dag["max_active_runs"] == 1
    assert dag["schedule"] == "0 3 * * *"
    assert "streamproof" in dag["tags"]
    assert "verdict" in dag["doc"]
    assert (dag["callback"], dag["on_success"]) == ("mail_failed_run", "mail_passed_run")


def test_every_param_is_typed(parsed):
    schemas = parsed["dag"]["params"]

    assert set(schemas) >= {"pack", "mode", "stack", "manifest", "suites", "keep_stack", "kafka", "inject"}
    assert set(schemas) >= {"alert_to", "alert_on", "alert_min_failed"}
    assert set(schemas) >= {"from_ts", "to_ts", "lookback_hours", "input_topic"}
    assert all("type" in schema or "enum" in schema for schema in schemas.values())
    assert parsed["dag"]["defaults"]["pack"] == "livepeer"


def test_every_task_has_a_time_limit_and_an_owner(parsed):
    assert [name for name, task in parsed["tasks"].items() if not task["timeout"]] == []
    assert {task["owner"] for task in parsed["tasks"].values()} == {"data-platform"}


def test_only_infrastructure_is_tried_again(parsed):
    retried = {name for name, task in parsed["tasks"].items() if task["retries"]}

    assert retried == INFRASTRUCTURE
    assert not retried & CHECKS


def test_the_order_of_the_stages(parsed):
    tasks = parsed["tasks"]
    chain = ["plan_run", "stack_up", "schema_apply", "pipeline_ready", "replay_events", "pipeline_wait", "inject"]
    chain.append("query_pack")

    for before, after in itertools.pairwise(chain):
        assert before in tasks[after]["up"]
    assert {"plan_run"} == set(tasks["warehouse_check"]["up"])
    assert "warehouse_check" in tasks["query_pack"]["up"]
    for check in ("assert_suite", "contracts", "conservation", "oracle"):
        assert "query_pack" in tasks[check]["up"]
        assert tasks[check]["rule"] == "all_success"
        assert not set(tasks[check]["up"]) & {"assert_suite", "contracts", "conservation", "oracle"}
    assert set(tasks["publish_summary"]["up"]) == {"stack_up", "assert_suite", "contracts", "conservation", "oracle"}
    assert set(tasks["stack_down"]["up"]) == {"stack_up", "publish_summary"}
    assert tasks["assert_suite"]["mapped"]


def test_the_waits_are_deferrable(parsed):
    assert parsed["tasks"]["pipeline_ready"]["deferrable"] is True
    assert parsed["tasks"]["pipeline_wait"]["deferrable"] is True


def test_both_ends_run_whatever_happened_and_the_runs_state_is_the_verdicts(parsed):
    tasks = parsed["tasks"]

    assert tasks["stack_up"]["setup"]
    assert tasks["stack_down"]["teardown"]
    assert not tasks["stack_down"]["fails_run"]
    assert tasks["publish_summary"]["fails_run"]
    assert {tasks[name]["rule"] for name in ("publish_summary", "stack_down")} == {"all_done"}


def test_only_the_verdict_verifies_the_asset(parsed):
    # An asset that is an outlet itself would be updated by every task that succeeds.
    outlets = {name: task["outlets"] for name, task in parsed["tasks"].items() if task["outlets"]}

    assert outlets == {"publish_summary": ["AssetAlias streamproof_verified"]}
