"""The DAG under a real scheduler: triggered over the REST API, waited for in the triggerer, published to XCom, and
shown by the page to who may read it.

One Airflow serves all tests: it takes longer to start than a run takes.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from streamproof.airflow.settings import run_id_of
from streamproof.history.store import record
from streamproof.model.results import CheckResult, StageResult, Status
from streamproof.runs.folder import RunFolder
from streamproof.runtime.process import is_alive

from .api_server import HTML, OUTSIDER, READER, ApiServer
from .conftest import MailSink, body_of, free_port, processes_naming
from .page_looks import (
    Browsing,
    browser_in_a_thread,
    copy_that_failed,
    done_by_a_hostile_report,
    look_at_pages,
    opened_from_the_navigation,
    report_from_the_page,
)
from .standalone import DAG, Standalone

pytestmark = [pytest.mark.system, pytest.mark.engine]

RUN_TIMEOUT_SEC = 600
DEFERRED = ("pipeline_ready", "pipeline_wait")
SHORT = "streamproof_run_short"
FAILED_THEN = "raw_typed_accounting_identity"
# Long enough for a stack to be up, and far too short for what is injected.
DAGRUN_TIMEOUT_SEC = 120
SLEEPS = 100


@dataclass(frozen=True)
class Scheduled:
    """An Airflow, and what it mails and writes."""

    airflow: Standalone
    sink: MailSink
    runs: Path

    def wait_for_mail(self) -> EmailMessage:
        """The one mail that was sent since this was last asked."""
        self.sink.wait_for(1)
        [mail] = self.sink.mails
        self.sink.mails.clear()
        return mail


def write_project(home: Path, project: Path) -> Path:
    """The project's DAGs and plugins, and a copy of the DAG under another name and with a shorter time-out."""
    shutil.copytree(home / "dags", project / "dags", ignore=shutil.ignore_patterns("__pycache__"))
    (project / "plugins").symlink_to(home / "plugins")
    text = (project / "dags" / f"{DAG}.py").read_text()
    replaced = {
        # Only that of the default pack: DAGs of several packs would have the same id.
        "pack_dags(SETTINGS)": "pack_dags(SETTINGS)[:1]",
        "dag_id=OF_PACK.dag_id": f'dag_id="{SHORT}"',
        "hours=2": f"seconds={DAGRUN_TIMEOUT_SEC}",
    }
    for old, new in replaced.items():
        assert old in text
        text = text.replace(old, new)
    (project / "dags" / f"{SHORT}.py").write_text(text)
    return project


@pytest.fixture(scope="module")
def scheduled(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scheduled]:
    folder = tmp_path_factory.mktemp("scheduled")
    sink = MailSink()
    sink.start()
    env = {
        **sink.environment(),
        "STREAMPROOF_HOME": str(home),
        "STREAMPROOF_ARTIFACTS": str(folder / "runs"),
        # A fresh Airflow would at once begin with the run of last night.
        "STREAMPROOF_SCHEDULE": "none",
        "STREAMPROOF_PROVE_SCHEDULE": "none",
    }
    project = write_project(home, folder / "project")
    airflow = Standalone(project, folder / "airflow", (free_port(), free_port(), free_port()), env, (DAG, SHORT))
    try:
        airflow.start()
        yield Scheduled(airflow, sink, folder / "runs")
    finally:
        left = airflow.stop()
        sink.stop()
    assert left == []
    assert processes_naming(folder) == []


@pytest.fixture(scope="module")
def server(scheduled: Scheduled, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """An API server of the same Airflow, to which users log in."""
    api = ApiServer(scheduled.airflow.env, tmp_path_factory.mktemp("api") / "server", free_port(), closed_dag=DAG)
    try:
        api.start()
        yield api
    finally:
        api.stop()


@pytest.fixture(scope="module")
def browsing() -> Iterator[Browsing]:
    with browser_in_a_thread() as browse:
        yield browse


def a_night_that_failed(runs: Path) -> None:
    """Leave the history of a failed run of the DAG: whoever was told of it is told that the next one passes."""
    check = CheckResult("raw_typed", FAILED_THEN, Status.FAILED, failed_rows=1)
    summary = {
        "run_id": "night-before", "pack": "livepeer", "mode": "full", "verdict": "failed", "git_commit": "unknown",
        "fixture": {"sha256": ""}, "stack": {"name": "local", "processor": "local"}, "first_broken_layer": "typed",
        "started_at": "2026-01-01T03:00:00.000Z", "ended_at": "2026-01-01T03:00:09.000Z", "duration_sec": 9.0,
        "checks": {"total": 1, "failed": 1}, "results": [], "not_run": [], "injected": None, "error": None,
        "rerun": "streamproof run --manifest golden", "dag_run": {"dag_id": DAG, "run_id": "scheduled__night-before"},
    }  # fmt: skip
    record(runs, summary, {"raw_typed": StageResult("raw_typed", Status.FAILED, "", "", 0, checks=(check,))})


@pytest.fixture(scope="module")
def golden(scheduled: Scheduled) -> dict[str, Any]:
    """A DAG run that has passed, after one that failed."""
    a_night_that_failed(scheduled.runs)
    return scheduled.airflow.run({"manifest": "golden"}, RUN_TIMEOUT_SEC)


def assert_no_service_runs(folder: RunFolder) -> None:
    state = folder.read_stack_state()
    assert state is not None
    assert state.services
    assert not any(is_alive(process) for process in (state.supervisor, *(s.process for s in state.services)))


def test_the_page_says_how_to_make_the_first_run(scheduled, server, browsing):
    assert not scheduled.runs.exists(), "another test has made a run before"

    browsing(lambda look: look_at_pages(look, server, {"empty": "/streamproof/runs"}))


def test_a_run_over_the_rest_api_and_one_that_cannot_be_planned(scheduled, golden):
    airflow, run = scheduled.airflow, golden

    assert run["state"] == "success", airflow.task_states(run["dag_run_id"])
    entry = f"dags/{DAG}/dagRuns/{run['dag_run_id']}/taskInstances/publish_summary/xcomEntries/return_value"
    summary = airflow.call(f"{entry}?stringify=false")["value"]
    assert summary["verdict"] == "passed"
    assert len(json.dumps(summary)) < 10_000
    folder = RunFolder(Path(summary["folder"]))
    assert (folder.root / "report.html").exists()
    assert_no_service_runs(folder)
    states = airflow.task_states(run["dag_run_id"])
    assert {task for task, state in states.items() if state != "success"} == {"inject", "warehouse_check"}
    for stage in DEFERRED:
        result = folder.read_stage(stage)
        assert result is not None
        assert result.duration_sec >= result.details["waited_sec"] > 0
    [event] = airflow.call("assets/events")["asset_events"]
    assert event["uri"] == "streamproof://livepeer/verified"
    assert event["extra"]["run_id"] == summary["run_id"]
    assert event["extra"]["fixture_sha256"] == summary["fixture"]["sha256"]
    assert event["extra"]["rungs"] == summary["rungs"]
    assert Path(event["extra"]["report"]).exists()
    mail = scheduled.wait_for_mail()
    assert "livepeer passes again" in mail["Subject"]
    assert [part.get_content_subtype() for part in mail.iter_parts()] == ["plain", "html"]
    assert f"raw_typed.{FAILED_THEN}" in body_of(mail)
    assert f"{airflow.url}/streamproof/runs/{summary['run_id']}" in body_of(mail)
    runs = set(scheduled.runs.iterdir())

    failed = airflow.run({"manifest": "no/such/manifest.json"}, RUN_TIMEOUT_SEC)

    assert failed["state"] == "failed"
    states = airflow.task_states(failed["dag_run_id"])
    assert states["plan_run"] == "failed"
    assert states["stack_up"] == "upstream_failed"
    assert states["publish_summary"] == "failed"
    assert set(scheduled.runs.iterdir()) == runs
    mail = scheduled.wait_for_mail()
    assert failed["dag_run_id"] in mail["Subject"]
    assert f"{airflow.url}/dags/{DAG}/runs/" in body_of(mail)


def test_the_page_refuses_whoever_is_not_logged_in_or_may_not_read_the_dag(scheduled, server, golden):
    run_id = run_id_of(golden["dag_run_id"])
    of_run = [f"/streamproof/runs/{run_id}", f"/streamproof/runs/{run_id}/files/report.html"]
    of_run.append(f"/streamproof/dags/{DAG}/runs/{golden['dag_run_id']}")

    for path in ("/streamproof/runs", "/streamproof/checks", "/streamproof/compare?run=a&run=b", *of_run):
        page, answer = server.get(path, accept=HTML), server.get(path)
        assert (page.status, page.kind) == (401, "text/html"), path
        assert "You are not logged in to Airflow" in page.text
        assert "/auth/login?next=" in page.text
        assert (answer.status, answer.json) == (401, {"detail": "You are not logged in to Airflow."})
    for path in of_run:
        assert server.get(path, OUTSIDER).status == 404, path
        assert server.get(path, READER).status == 200, path
    assert server.get("/streamproof/runs", OUTSIDER).status == 200
    assert run_id not in server.get("/streamproof/runs", OUTSIDER).text
    assert run_id in server.get("/streamproof/runs", READER).text.replace("<wbr>", "")


def test_each_task_of_a_run_links_to_its_page(server, golden):
    run_id = golden["dag_run_id"]
    tasks = f"/api/v2/dags/{DAG}/dagRuns/{run_id}/taskInstances"
    ended = [task for task in server.get(tasks, READER).json["task_instances"] if task["state"] == "success"]

    for task in ended:
        links = server.get(f"{tasks}/{task['task_id']}/links?map_index={task['map_index']}", READER)
        link = links.json["extra_links"]["Open the report"]
        assert link == f"/streamproof/dags/{DAG}/runs/{quote(run_id, safe='')}", task["task_id"]
    shown = server.get(link, READER, accept=HTML)
    assert f'/runs/{run_id_of(run_id)}/files/report.html"' in shown.text
    assert {task["map_index"] for task in ended} > {-1, 0}


def test_the_page_in_a_browser(scheduled, server, golden, browsing):
    passed = run_id_of(golden["dag_run_id"])
    failed = copy_that_failed(scheduled.runs / passed, "made_to_fail")
    pages = {
        "list": "/streamproof/runs",
        "run-failed": f"/streamproof/runs/{failed}",
        "compare": f"/streamproof/compare?run={passed}&run={failed}",
        "checks": "/streamproof/checks",
    }

    browsing(lambda look: look_at_pages(look, server, pages))
    title, summary = browsing(lambda look: report_from_the_page(look, server, failed))
    assert title.startswith("Failed: ")
    assert summary["verdict"] == "failed"
    assert browsing(lambda look: done_by_a_hostile_report(look, server, scheduled.runs / failed)) == "nothing"


def test_the_navigation_of_the_ui_leads_to_the_page(server, browsing):
    assert browsing(lambda look: opened_from_the_navigation(look, server)) == "Runs"


def test_a_run_that_times_out_leaves_nothing_up(scheduled, tmp_path):
    inject = tmp_path / "sleep.sql"
    inject.write_text("SELECT sleep(3);\n" * SLEEPS)

    run_id = scheduled.airflow.trigger({"manifest": "golden", "inject": str(inject)}, SHORT)
    run = scheduled.airflow.ended(run_id, RUN_TIMEOUT_SEC, SHORT)

    assert run["state"] == "failed"
    assert "has been taken down" in body_of(scheduled.wait_for_mail())
    folder = RunFolder(scheduled.runs / run_id_of(run_id))
    assert_no_service_runs(folder)
    assert not (folder.stack / "data").exists()
