"""The DAG on this machine with Param `stack` = compose: the same stages and sensors, on containers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from conftest import TIMEOUT_SEC, Docker
from engine import HOME

DRIVER = HOME / "tests" / "system" / "airflow" / "drive_dag.py"


def run_dag(docker: Docker, folder: Path, **environment: str) -> dict:
    runs, out, log = (folder / name for name in ("runs.json", "out.json", "driver.log"))
    runs.write_text(json.dumps([("streamproof_run", {"manifest": "golden", "stack": "compose"})]))
    with log.open("wb") as output:
        subprocess.run(
            [sys.executable, DRIVER, runs, out],
            env={**docker.env, "STREAMPROOF_ARTIFACTS": str(docker.artifacts), **environment},
            stdout=output,
            stderr=output,
            timeout=TIMEOUT_SEC,
            check=False,
        )
    assert out.exists(), log.read_text()[-4000:]
    [found] = json.loads(out.read_text())
    return dict(found)


def test_a_run_of_the_dag_on_docker_passes(docker: Docker, tmp_path: Path):
    ran = run_dag(docker, tmp_path)

    assert ran["state"] == "success", ran["tasks"]
    assert (ran["summary"]["verdict"], ran["summary"]["stack"]["name"]) == ("passed", "compose")
    assert ran["tasks"]["pipeline_wait"] == "success"
    assert [event["uri"] for event in ran["asset_events"]] == ["streamproof://livepeer/verified"]
    label = "label=streamproof.stack"
    assert docker.ask("ps", "--all", "--quiet", "--filter", label) == ""


def test_without_an_engine_nothing_is_planned(docker: Docker, tmp_path: Path):
    ran = run_dag(docker, tmp_path, DOCKER_HOST="unix:///nowhere/docker.sock")

    assert (ran["state"], ran["tasks"]["plan_run"]) == ("failed", "failed")
    assert not docker.artifacts.exists()
