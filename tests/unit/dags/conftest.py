"""A DAG as Airflow parses it: in a process of its own, since Airflow reads its settings once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

# What parsing must not import: each costs from half a second to seven.
HEAVY = ("great_expectations", "pandas", "scipy", "numpy", "clickhouse_connect", "confluent_kafka", "docker", "jgo")

SCRIPT = """
import json, sys
from airflow.dag_processing.dagbag import DagBag

bag = DagBag(sys.argv[1])
dag = bag.dags.get(sys.argv[3])
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
        "outlets": [f"{type(outlet).__name__} {outlet.name}" for outlet in task.outlets],
        "owner": task.owner,
        "deferrable": getattr(task, "deferrable", None),
    }
    for task in dag.tasks
}
print("RESULT" + json.dumps({
    "errors": {key: str(value) for key, value in bag.import_errors.items()},
    "dags": {
        key: {"schedule": str(getattr(found.timetable, "expression", None)), "owner": found.owner,
              "pack": found.params.get_param("pack").value if "pack" in found.params else None}
        for key, found in bag.dags.items()
    },
    "modules": [name for name in sys.modules if name.split(".")[0] in sys.argv[2].split(",")],
    "loaded_clients": [name for name in ("streamproof.flink.client",) if name in sys.modules],
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
        "on_success": getattr(dag.on_success_callback, "__name__", None),
    },
}))
"""


@pytest.fixture(scope="module")
def parse(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict[str, Any]]:
    """The function that parses a file of dags/ and tells what Airflow made of it."""

    def parse_dag(dag_id: str, **environment: str) -> dict[str, Any]:
        env = {
            **os.environ,
            "AIRFLOW_HOME": str(tmp_path_factory.mktemp("airflow")),
            "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(home / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        }
        for name in ("STREAMPROOF_SCHEDULE", "STREAMPROOF_PROVE_SCHEDULE"):
            env.pop(name, None)
        env |= environment
        command = [sys.executable, "-c", SCRIPT, str(home / "dags" / f"{dag_id}.py"), ",".join(HEAVY), dag_id]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        parsed: dict[str, Any] = json.loads(done.stdout.split("RESULT", 1)[1])
        return parsed

    return parse_dag
