"""Airflow on Compose: profile `airflow` runs the DAG on the services of profile `core`; `mail` hears of failures."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import TIMEOUT_SEC
from deployment import Deployment

from streamproof.model.waiting import Probe, wait_until
from streamproof.warehouse.clickhouse.client import connect, rows

DAG = "streamproof_run"
PASSWORD = "an admin's password"
COMPONENTS = ("metadatabase", "scheduler", "triggerer", "dag_processor")
BREAK = "ALTER TABLE ai_stream_status DELETE WHERE 1 SETTINGS mutations_sync = 2;"
REQUEST_TIMEOUT_SEC = 60


class Rest:
    """Airflow's REST API, as its administrator."""

    def __init__(self, port: str) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.token = ""

    def log_in(self) -> None:
        self.token = self.call("/auth/token", {"username": "admin", "password": PASSWORD})["access_token"]

    def call(self, path: str, body: Any = None, method: str | None = None) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=REQUEST_TIMEOUT_SEC) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def page(self, path: str) -> str:
        """Return a page."""
        request = urllib.request.Request(self.url + path, headers={"Authorization": f"Bearer {self.token}"})
        with urllib.request.urlopen(request, timeout=REQUEST_TIMEOUT_SEC) as answer:
            text: str = answer.read().decode()
        return text

    def run(self, conf: dict[str, Any]) -> dict[str, Any]:
        """Trigger the DAG and wait until the run has ended."""
        run = self.call(f"/api/v2/dags/{DAG}/dagRuns", {"logical_date": None, "conf": conf})
        path = f"/api/v2/dags/{DAG}/dagRuns/{run['dag_run_id']}"

        def look() -> Probe:
            run.update(self.call(path))
            return Probe(run["state"] in ("success", "failed"), f"the run is {run['state']}")

        wait_until(look, timeout=TIMEOUT_SEC, message="the run's end", hint="")
        return run

    def ended(self) -> list[dict[str, Any]]:
        """Return all runs of the DAG, as soon as none is left to end."""
        runs: list[dict[str, Any]] = []

        def look() -> Probe:
            runs[:] = self.call(f"/api/v2/dags/{DAG}/dagRuns")["dag_runs"]
            open_ = [run["dag_run_id"] for run in runs if run["state"] not in ("success", "failed")]
            return Probe(not open_, f"the end of {', '.join(open_)}")

        wait_until(look, timeout=TIMEOUT_SEC, message="all runs", hint="")
        return runs

    def states(self, run_id: str) -> dict[str, str]:
        found = self.call(f"/api/v2/dags/{DAG}/dagRuns/{run_id}/taskInstances")["task_instances"]
        return {task["task_id"]: task["state"] for task in found}

    def summary(self, run_id: str) -> dict[str, Any]:
        path = f"/api/v2/dags/{DAG}/dagRuns/{run_id}/taskInstances/publish_summary/xcomEntries/return_value"
        found: dict[str, Any] = self.call(f"{path}?stringify=false")["value"]
        return found


@pytest.fixture(scope="module")
def deployment(docker_env: dict[str, str]) -> Iterator[Deployment]:
    settings = {
        "COMPOSE_PROFILES": "core,airflow,mail",
        "AIRFLOW_ADMIN_PASSWORD": PASSWORD,
        "POSTGRES_PASSWORD": "ofPostgres1",
    }
    up = Deployment("sp-airflow", docker_env, settings)
    try:
        up.compose("build", "airflow-init")
        up.compose("up", "--detach")
        yield up
    finally:
        up.down()


@pytest.fixture(scope="module")
def rest(deployment: Deployment) -> Rest:
    api = Rest(deployment.ports["AIRFLOW_PORT"])

    def look() -> Probe:
        try:
            health = api.call("/api/v2/monitor/health")
        except OSError as error:
            return Probe(False, str(error))
        ill = [name for name in COMPONENTS if health[name]["status"] != "healthy"]
        return Probe(not ill, f"health of {', '.join(ill)}")

    wait_until(look, timeout=TIMEOUT_SEC, message="Airflow", hint="")
    api.log_in()

    def parsed() -> Probe:
        try:
            api.call(f"/api/v2/dags/{DAG}", {"is_paused": False}, "PATCH")
        except urllib.error.HTTPError as error:
            return Probe(False, f"the DAG ({error})")
        return Probe(True)

    wait_until(parsed, timeout=TIMEOUT_SEC, message="the DAG to be parsed", hint="")
    return api


def mailpit(deployment: Deployment, path: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"http://127.0.0.1:{deployment.ports['MAILPIT_UI_PORT']}/api/v1/{path}") as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def mails(deployment: Deployment) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = mailpit(deployment, "messages")["messages"]
    return found


def test_nobody_gets_in_without_the_password(rest: Rest):
    with pytest.raises(urllib.error.HTTPError, match="401"):
        Rest(rest.url.rpartition(":")[2]).call("/api/v2/dags")
    with pytest.raises(urllib.error.HTTPError, match="401"):
        Rest(rest.url.rpartition(":")[2]).call("/streamproof/runs")


def test_runs_by_schedule_and_by_hand_pass_on_the_services_of_the_core_profile(rest: Rest, deployment: Deployment):
    """A DAG that is switched on makes up for last night's run; the one by hand waits its turn."""
    by_hand = rest.run({"manifest": "golden"})
    runs = rest.ended()

    assert sorted(run["run_type"] for run in runs) == ["manual", "scheduled"]
    for run in runs:
        assert run["state"] == "success", rest.states(run["dag_run_id"])
        summary = rest.summary(run["dag_run_id"])
        assert (summary["verdict"], summary["stack"]["name"]) == ("passed", "external")
    links = f"/api/v2/dags/{DAG}/dagRuns/{by_hand['dag_run_id']}/taskInstances/publish_summary/links"
    page = rest.page(rest.call(links)["extra_links"]["Open the report"])
    assert f'/runs/{rest.summary(by_hand["dag_run_id"])["run_id"]}/files/report.html"' in page
    assert mails(deployment) == []
    client = connect(deployment.warehouse)
    try:
        logged = rows(client, "SELECT verdict, checks_failed FROM streamproof.runs FINAL")
        databases = [row["name"] for row in rows(client, "SELECT name FROM system.databases WHERE name LIKE 'sp_%'")]
    finally:
        client.close()
    assert logged == [{"verdict": "passed", "checks_failed": 0}] * 2
    assert databases == []


def test_a_run_that_fails_is_mailed_once_and_names_the_check(rest: Rest, deployment: Deployment):
    inject = "/opt/airflow/artifacts/break.sql"
    deployment.compose("exec", "--no-TTY", "airflow-scheduler", "sh", "-c", f"echo '{BREAK}' > {inject}")

    run = rest.run({"manifest": "golden", "inject": inject})

    assert run["state"] == "failed"
    summary = rest.summary(run["dag_run_id"])
    assert (summary["verdict"], summary["first_broken_layer"]) == ("failed", "typed")
    wait_until(lambda: Probe(bool(mails(deployment)), "a mail"), timeout=120, message="the failure's mail", hint="")
    [mail] = mails(deployment)
    assert "first broken layer typed" in mail["Subject"]
    text = mailpit(deployment, f"message/{mail['ID']}")["HTML"]
    assert [part for part in (summary["run_id"], "raw_typed_core_1to1_parity") if part not in text] == []
    assert [to["Address"] for to in mail["To"]] == ["data-team@localhost"]
