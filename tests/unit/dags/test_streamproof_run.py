"""The DAG as Airflow parses it: in a process of its own, since Airflow reads its settings once."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

# What parsing must not import: each costs from half a second to seven.
HEAVY = ("great_expectations", "pandas", "scipy", "numpy", "clickhouse_connect", "confluent_kafka", "docker", "jgo")
CHECKS = {"assert_suite", "contracts", "conservation", "query_pack"}
INFRASTRUCTURE = {"stack_up", "schema_apply", "stack_down"}

SCRIPT = """
import json, sys
from airflow.dag_processing.dagbag import DagBag

bag = DagBag(sys.argv[1])
dag = bag.dags.get("streamproof_run")
import airflow.plugins_manager as plugins
names = [plugin.name for plugin in plugins._get_plugins()[0]]
import html
html.unescape("&amp;")
tasks = {} if dag is None else {
    task.task_id: {
        "up": sorted(task.upstream_task_ids),
        "timeout": task.execution_timeout is not None,
        "retries": task.retries,
        "rule": task.trigger_rule.value,
        "setup": task.is_setup,
        "teardown": task.is_teardown,
        "fails_run": bool(task.on_failure_fail_dagrun),
        "mapped": task.is_mapped,
        "outlets": [outlet.uri for outlet in task.outlets],
        "owner": task.owner,
        "deferrable": getattr(task, "deferrable", None),
    }
    for task in dag.tasks
}
print("RESULT" + json.dumps({
    "errors": {key: str(value) for key, value in bag.import_errors.items()},
    "modules": [name for name in sys.modules if name.split(".")[0] in sys.argv[2].split(",")],
    "plugins": names,
    "loaded_alone": [name for name in ("folder", "junit", "summary", "planning") if name in sys.modules],
    "tasks": tasks,
    "dag": None if dag is None else {
        "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "schedule": str(getattr(dag.timetable, "_expression", None) or getattr(dag.timetable, "expression", None)),
        "tags": sorted(dag.tags),
        "doc": dag.doc_md,
        "params": {name: dag.params.get_param(name).schema for name in dag.params},
        "defaults": dict(dag.params),
        "callback": getattr(dag.on_failure_callback, "__name__", None),
    },
}))
"""


@pytest.fixture(scope="module")
def parsed(home: Path, tmp_path_factory: pytest.TempPathFactory) -> dict:
    env = {
        **os.environ,
        "AIRFLOW_HOME": str(tmp_path_factory.mktemp("airflow")),
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(home / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }
    env.pop("STREAMPROOF_SCHEDULE", None)
    command = [sys.executable, "-c", SCRIPT, str(home / "dags" / "streamproof_run.py"), ",".join(HEAVY)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.split("RESULT", 1)[1])


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
    assert dag["callback"] == "mail_failed_run"


def test_every_param_is_typed(parsed):
    schemas = parsed["dag"]["params"]

    assert set(schemas) >= {"pack", "mode", "stack", "manifest", "suites", "keep_stack", "kafka", "inject"}
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
    for check in ("assert_suite", "contracts", "conservation"):
        assert "query_pack" in tasks[check]["up"]
        assert tasks[check]["rule"] == "all_success"
        assert not set(tasks[check]["up"]) & {"assert_suite", "contracts", "conservation"}
    assert set(tasks["publish_summary"]["up"]) == {"stack_up", "assert_suite", "contracts", "conservation"}
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
    outlets = {name: task["outlets"] for name, task in parsed["tasks"].items() if task["outlets"]}

    assert outlets == {"publish_summary": ["streamproof://livepeer/verified"]}
