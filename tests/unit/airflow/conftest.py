"""A planned run's folder and a stand-in for Airflow's task instance. Airflow itself gets a home that is thrown away."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

# Airflow makes its home when it is imported, which the test modules do.
if "AIRFLOW_HOME" not in os.environ:
    os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="airflow-unit-")
    atexit.register(shutil.rmtree, os.environ["AIRFLOW_HOME"], ignore_errors=True)

import pytest

from streamproof.model.plan import RunPlan
from streamproof.model.results import CheckResult, StageResult, Status
from streamproof.model.rungs import Rung
from streamproof.runs.folder import RunFolder
from streamproof.stages.registry import STAGES

STARTED, ENDED = "2026-03-01T02:15:00.000Z", "2026-03-01T02:15:04.000Z"


class TaskInstance:
    """What the operators use of a task instance: XCom."""

    def __init__(self, pulled: dict[str, Any] | None = None) -> None:
        self.pulled = pulled or {}
        self.pushed: dict[str, Any] = {}

    def xcom_pull(self, task_ids: str, key: str) -> Any:
        assert task_ids == "plan_run"
        return self.pulled.get(key)

    def xcom_push(self, key: str, value: Any) -> None:
        self.pushed[key] = value


@pytest.fixture
def make_run(home: Path, tmp_path: Path):
    """Return a function that writes a plan into a run's folder and returns (folder, context)."""

    def of(**changes: Any) -> tuple[RunFolder, dict[str, Any]]:
        root = tmp_path / "runs" / "r1"
        values: dict[str, Any] = {
            "run_id": "r1", "pack": "livepeer", "pack_file": str(home / "include/packs/livepeer/pack.yaml"),
            "mode": "full", "stack": "local", "processor": "local",
            "kafka": "broker", "home": str(home), "folder": str(root), "manifest": "/m.json", "fixture_sha256": "ab",
            "fixture_events": 1, "window": {"from_ts": STARTED, "to_ts": ENDED}, "suites": ("raw_typed",),
            "keep_stack": False, "tolerate_bad_lines": False, "inject": None,
            "git_commit": "unknown", "rerun": "streamproof run", "created_at": STARTED, "cache_dir": str(tmp_path),
            "java": None, "owner": None, "notices": (),
        }  # fmt: skip
        values |= changes
        options = [name for name in ("inject", "keep_stack") if values[name]]
        offers = ("trace", "contracts", "published", *Rung)
        values.setdefault("stages", STAGES.planned(values["mode"], values["suites"], offers=offers, options=options))
        folder = RunFolder(root)
        folder.write_plan(RunPlan(**values))
        return folder, {"ti": TaskInstance({"folder": str(root)}), "run_id": "manual__1"}

    return of


def stage_result(stage: str, status: Status = Status.PASSED, **changes: Any) -> StageResult:
    return StageResult(stage, status, **{"started_at": STARTED, "ended_at": ENDED, "duration_sec": 4.0, **changes})


@pytest.fixture
def result():
    return stage_result


@pytest.fixture
def failed_check() -> CheckResult:
    return CheckResult("raw_typed", "typed_counts", Status.FAILED, failed_rows=3)


@pytest.fixture
def unplanned() -> dict[str, Any]:
    """The context of a task whose run was never planned."""
    dag = SimpleNamespace(dag_id="streamproof_run", params=dict.fromkeys(("manifest", "mode", "suites")))
    return {"ti": TaskInstance(), "run_id": "manual__1", "dag": dag, "dag_run": SimpleNamespace(conf={})}
