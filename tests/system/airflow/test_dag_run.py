"""The DAG in one process, on the real stack: runs that must not pass. test_scheduler.py has one that does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from streamproof.runs.folder import RunFolder
from streamproof.runtime.process import is_alive

from .conftest import ALERT_TO, body_of, processes_naming

pytestmark = [pytest.mark.system, pytest.mark.engine]

DAG_ID = "streamproof_run"
DRIVER = Path(__file__).with_name("drive_dag.py")
TIMEOUT_SEC = 600


def run_dags(runs: list[tuple[str, dict]], artifacts: Path, env: dict[str, str]) -> list[dict]:
    """Run DAGs one after the other in one process, each given as its id and its conf; return what Airflow knows."""
    runs_file, out_file, log = (artifacts.with_name(name) for name in ("runs.json", "out.json", "driver.log"))
    runs_file.write_text(json.dumps(runs))
    with log.open("wb") as output:
        subprocess.run(
            [sys.executable, DRIVER, runs_file, out_file],
            env={**os.environ, **env, "STREAMPROOF_ARTIFACTS": str(artifacts)},
            stdout=output,
            stderr=output,
            timeout=TIMEOUT_SEC,
            check=False,
        )
    assert out_file.exists(), log.read_text()[-4000:]
    return json.loads(out_file.read_text())


def run_dag(conf: dict, artifacts: Path, env: dict[str, str], dag_id: str = DAG_ID) -> dict:
    """Run one DAG once."""
    [ran] = run_dags([(dag_id, conf)], artifacts, env)
    return ran


def no_service_runs(folder: RunFolder) -> bool:
    state = folder.read_stack_state()
    assert state is not None
    assert len(state.services) == 3
    return not any(is_alive(process) for process in (state.supervisor, *(s.process for s in state.services)))


def test_a_run_that_must_fail_mails_the_failing_check_and_still_takes_the_stack_down(tmp_path, mail_sink):
    inject = tmp_path / "delete_one.sql"
    inject.write_text(
        "ALTER TABLE ai_stream_status DELETE WHERE raw_event_uid = (SELECT min(raw_event_uid) FROM ai_stream_status)"
    )

    ran = run_dag({"manifest": "golden", "inject": str(inject)}, tmp_path / "runs", mail_sink.environment())

    assert ran["state"] == "failed"
    assert ran["tasks"]["publish_summary"] == "failed"
    assert ran["tasks"]["contracts"] == "success"  # what remains is as promised: one suite does not hide another
    assert ran["tasks"]["stack_down"] == "success"
    assert ran["asset_events"] == []
    summary = ran["summary"]
    assert summary["verdict"] == "failed"
    assert summary["first_broken_layer"] == "typed"
    failing = [f"{failure['suite']}.{failure['name']}" for failure in summary["failures"]]
    assert failing
    [mail] = mail_sink.mails
    assert mail["To"] == ALERT_TO
    assert "failed" in mail["Subject"]
    assert "typed" in mail["Subject"]
    text = body_of(mail)
    assert all(name.split(".", 1)[1] in text for name in failing)
    assert summary["rerun"].split()[0] in text
    assert ran["run_id"].split("+")[0].split("_")[0] in text
    assert no_service_runs(RunFolder(Path(summary["folder"])))
    assert processes_naming(tmp_path) == []


def test_a_stack_that_does_not_start_is_an_error_that_is_published_and_mailed(tmp_path, mail_sink):
    env = {**mail_sink.environment(), "STREAMPROOF_JAVA": str(tmp_path / "no-java")}

    ran = run_dag({"manifest": "golden"}, tmp_path / "runs", env)

    assert ran["state"] == "failed"
    assert ran["tasks"]["stack_up"] == "failed"
    assert ran["tasks"]["replay_events"] == "upstream_failed"
    assert ran["tasks"]["stack_down"] == "success"
    summary = ran["summary"]
    assert summary["verdict"] == "error"
    assert "no-java" in summary["error"]
    assert (Path(summary["folder"]) / "report.html").exists()
    [mail] = mail_sink.mails
    assert "error" in mail["Subject"]
    assert processes_naming(tmp_path / "runs") == []
