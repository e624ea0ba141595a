"""The DAG `streamproof_flink_deploy` on a real cluster: a first run, an update, and one that is undone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.flink.test_deployment import CARS, MACHINES, restored_from, running

pytestmark = pytest.mark.engine
DRIVE = Path(__file__).resolve().parents[2] / "support" / "drive_dag.py"


@pytest.fixture
def run_dag(flink_settings, tmp_path, home):
    """Return a function that runs the DAG once for each conf, and returns what Airflow knows of each run."""

    def run(*confs: dict) -> list[dict]:
        (tmp_path / "confs.json").write_text(json.dumps(confs))
        project = tmp_path / "project"
        project.mkdir()
        for name in ("dags", "include", "plugins"):
            (project / name).symlink_to(home / name)
        env = {**os.environ, "AIRFLOW_CONN_FLINK_DEFAULT": flink_settings.url, "STREAMPROOF_HOME": str(project)}
        done = subprocess.run(
            [
                sys.executable,
                str(DRIVE),
                "streamproof_flink_deploy",
                str(tmp_path / "confs.json"),
                str(tmp_path / "out.json"),
            ],
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (tmp_path / "out.json").exists(), done.stdout[-3000:] + done.stderr[-3000:]
        found: list[dict] = json.loads((tmp_path / "out.json").read_text())
        return found

    return run


def test_a_first_run_an_update_and_one_that_is_undone(flink_client, run_dag, example_jars):
    jar = str(example_jars[1])
    common = {"jar": jar, "watch_sec": 0.5}
    first, second, third = run_dag(
        {"action": "deploy", "entry_class": CARS, **common},
        {"action": "update", "entry_class": CARS, "arguments": ["--windowSize", "5"], "parallelism": 1, **common},
        {"action": "deploy", "entry_class": MACHINES, **common},
    )

    assert {run["state"] for run in (first, second)} == {"success"}, (first, second)
    assert first["xcom"]["job_report/return_value"]["state"] == "RUNNING"
    job, savepoint = (second["xcom"][f"deployment/{key}"] for key in ("job_id", "savepoint"))
    assert restored_from(flink_client, job) == savepoint
    assert third["state"] == "failed"
    assert third["tasks"] == {"cluster_health": "success", "deployment": "failed", "job_report": "upstream_failed"}
    [restored] = running(flink_client)
    assert flink_client.job(restored).name == "CarTopSpeedWindowingExample"
    assert restored not in (job, first["xcom"]["deployment/job_id"])
