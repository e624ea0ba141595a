"""A DAG run that runs out of time, under a real scheduler: what it started is ended, and the mail says so."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamproof.runs.folder import RunFolder
from streamproof.runtime.process import is_alive

from .conftest import MailSink, body_of, free_port, processes_naming
from .standalone import Standalone

pytestmark = [pytest.mark.system, pytest.mark.engine]

# Long enough for a stack to be up, and far too short for what is injected.
DAGRUN_TIMEOUT_SEC = 120
ENDED_TIMEOUT_SEC = 300
SLEEPS = 100


@pytest.fixture
def project(home: Path, tmp_path: Path) -> Path:
    """The project's DAG folder with a DAG of a shorter time-out, and its plugins."""
    project = tmp_path / "project"
    shutil.copytree(home / "dags", project / "dags", ignore=shutil.ignore_patterns("__pycache__"))
    (project / "plugins").symlink_to(home / "plugins")
    dag = project / "dags" / "streamproof_run.py"
    text = dag.read_text()
    assert "dagrun_timeout=timedelta(hours=2)" in text
    dag.write_text(text.replace("timedelta(hours=2)", f"timedelta(seconds={DAGRUN_TIMEOUT_SEC})"))
    return project


@pytest.fixture
def airflow(home: Path, project: Path, tmp_path: Path, mail_sink: MailSink) -> Iterator[Standalone]:
    env = {
        **mail_sink.environment(),
        "STREAMPROOF_HOME": str(home),
        "STREAMPROOF_ARTIFACTS": str(tmp_path / "runs"),
        "STREAMPROOF_SCHEDULE": "none",
        "STREAMPROOF_PROVE_SCHEDULE": "none",
    }
    airflow = Standalone(project, tmp_path / "airflow", (free_port(), free_port(), free_port()), env)
    try:
        airflow.start()
        yield airflow
    finally:
        left = airflow.stop()
    assert left == []
    assert processes_naming(tmp_path) == []


def test_a_run_that_times_out_leaves_nothing_up(airflow, mail_sink, tmp_path):
    inject = tmp_path / "sleep.sql"
    inject.write_text("SELECT sleep(3);\n" * SLEEPS)

    run = airflow.run({"manifest": "golden", "inject": str(inject)}, ENDED_TIMEOUT_SEC)

    assert run["state"] == "failed"
    mail_sink.wait_for(1)
    [mail] = mail_sink.mails
    assert "has been taken down" in body_of(mail)
    [root] = (tmp_path / "runs").iterdir()
    state = RunFolder(root).read_stack_state()
    assert state is not None
    assert state.services
    assert not any(is_alive(process) for process in (state.supervisor, *(s.process for s in state.services)))
    assert not (root / "stack" / "data").exists()
