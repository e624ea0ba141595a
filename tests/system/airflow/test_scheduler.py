"""The DAG under a real scheduler: triggered over the REST API, waited for in the triggerer, published to XCom."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamproof.runs.folder import RunFolder
from streamproof.runtime.process import is_alive

from .conftest import MailSink, body_of, free_port, processes_naming
from .standalone import DAG, Standalone

pytestmark = [pytest.mark.system, pytest.mark.engine]

RUN_TIMEOUT_SEC = 600


@pytest.fixture
def airflow(home: Path, tmp_path: Path, mail_sink: MailSink) -> Iterator[Standalone]:
    env = {
        **mail_sink.environment(),
        "STREAMPROOF_HOME": str(home),
        "STREAMPROOF_ARTIFACTS": str(tmp_path / "runs"),
        # A fresh Airflow would at once begin with the run of last night.
        "STREAMPROOF_SCHEDULE": "none",
        "STREAMPROOF_PROVE_SCHEDULE": "none",
    }
    airflow = Standalone(home, tmp_path / "airflow", (free_port(), free_port(), free_port()), env)
    try:
        airflow.start()
        yield airflow
    finally:
        left = airflow.stop()
    assert left == []
    assert processes_naming(tmp_path) == []


def test_a_run_over_the_rest_api_and_one_that_cannot_be_planned(airflow, mail_sink, tmp_path):
    run = airflow.run({"manifest": "golden"}, RUN_TIMEOUT_SEC)

    assert run["state"] == "success", airflow.task_states(run["dag_run_id"])
    entry = f"dags/{DAG}/dagRuns/{run['dag_run_id']}/taskInstances/publish_summary/xcomEntries/return_value"
    summary = airflow.call(f"{entry}?stringify=false")["value"]
    assert summary["verdict"] == "passed"
    assert len(json.dumps(summary)) < 10_000
    folder = RunFolder(Path(summary["folder"]))
    assert (folder.root / "report.html").exists()
    state = folder.read_stack_state()
    assert state is not None
    assert not any(is_alive(process) for process in (state.supervisor, *(s.process for s in state.services)))
    events = airflow.call("assets/events")["asset_events"]
    assert [event["uri"] for event in events] == ["streamproof://livepeer/verified"]
    assert [mail["Subject"] for mail in mail_sink.mails] == []

    failed = airflow.run({"manifest": "no/such/manifest.json"}, RUN_TIMEOUT_SEC)

    assert failed["state"] == "failed"
    states = airflow.task_states(failed["dag_run_id"])
    assert states["plan_run"] == "failed"
    assert states["stack_up"] == "upstream_failed"
    assert states["publish_summary"] == "failed"
    assert len(list((tmp_path / "runs").iterdir())) == 1
    mail_sink.wait_for(1)
    [mail] = mail_sink.mails
    assert failed["dag_run_id"] in mail["Subject"]
    assert f"{airflow.url}/dags/{DAG}/runs/" in body_of(mail)
