"""The callback of a DAG run that Airflow has ended for its time, on a stack that is really up."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from streamproof.airflow.alerts import mail_failed_run
from streamproof.model.results import Status
from streamproof.runs.planning import plan_run
from streamproof.runs.request import HostSettings, RunRequest
from streamproof.runs.runner import run_stage
from streamproof.runtime.process import is_alive
from streamproof.stages.registry import STAGES

pytestmark = pytest.mark.engine


@pytest.fixture
def run(home: Path, cache_dir: Path, tmp_path: Path):
    request = RunRequest(run_id="manual__1", mode="smoke", kafka="mock", artifacts_root=tmp_path)
    ctx = plan_run(request, STAGES, home=home, host=HostSettings(cache_dir=cache_dir), now=datetime.now(UTC))
    assert run_stage(ctx, STAGES["stack_up"]).status is Status.PASSED
    yield ctx
    run_stage(ctx, STAGES["stack_down"])


def test_what_a_timed_out_run_left_up_is_ended(run, monkeypatch, tmp_path):
    monkeypatch.setenv("STREAMPROOF_ARTIFACTS", str(tmp_path))
    monkeypatch.delenv("STREAMPROOF_ALERT_TO", raising=False)
    state = run.stack_state()
    processes = [state.supervisor, *(service.process for service in state.services)]
    assert all(is_alive(process) for process in processes)

    dag = SimpleNamespace(dag_id="streamproof_run")
    mail_failed_run({"dag": dag, "run_id": "manual__1", "reason": "timed_out"})

    assert not any(is_alive(process) for process in processes)
    assert not (run.folder.stack / "data").exists()
    down = run.folder.read_stage("stack_down")
    assert down is not None
    assert down.details["stopped"] is True
