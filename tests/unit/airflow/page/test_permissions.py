"""Runs are shown to who may read their DAG, and to nobody else, by whatever address."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity

from streamproof.airflow.page import access
from streamproof.airflow.page.runs import PROVE_DAG


@pytest.fixture
def site(make_site):
    """The page for a user who may read the DAG of the default pack only, with runs of other DAGs."""
    site = make_site("streamproof_run")
    site.add("mine", "failed", dag_id="streamproof_run", dag_run_id="manual__1", at="2026-03-01")
    site.add("by_hand", at="2026-03-02")
    site.add("of_market", at="2026-03-03", pack="market")
    site.add("a_proof", at="2026-03-04", mode="prove")
    site.add("theirs", at="2026-03-05", dag_id="other_dag", dag_run_id="manual__2")
    site.remember("removed", dag_id="other_dag", started_at="2026-03-06T00:00:00.000Z")
    (site.artifacts / "broken").mkdir()
    (site.artifacts / "broken" / "plan.json").write_text("{")
    return site


OTHERS = ["of_market", "a_proof", "theirs", "removed", "broken"]


def test_the_list_has_only_the_runs_that_may_be_read(site):
    html = site.get("/runs")
    for name in ("mine", "by_hand"):
        assert f'value="{name}"' in html
    for name in OTHERS:
        assert name not in html


@pytest.mark.parametrize("run_id", [*OTHERS, "never_was"])
@pytest.mark.parametrize(
    "path", ["/runs/{}", "/runs/{}/files/report.html", "/runs/{}/files/plan.json", "/compare?run=mine&run={}"]
)
def test_any_other_run_is_not_there(site, run_id, path):
    html = site.get(path.format(run_id), status=404)
    assert f"There is no run {run_id} " in html


@pytest.mark.parametrize("dag_run", ["other_dag/runs/manual__2", "streamproof_run/runs/manual__2", "no_dag/runs/x"])
def test_a_dag_run_leads_to_no_run_of_another_dag(site, dag_run):
    site.get(f"/dags/{dag_run}", status=404)


def test_flaky_checks_are_those_of_the_runs_that_may_be_read(site):
    assert "livepeer: 2 runs" in site.get("/checks")
    assert "market" not in site.get("/checks")


@pytest.mark.parametrize(
    ("dag_id", "run_id"), [("streamproof_run_market", "of_market"), (PROVE_DAG, "a_proof"), ("other_dag", "theirs")]
)
def test_who_may_read_the_dag_may_read_the_run(site, make_site, dag_id, run_id):
    other = make_site(dag_id)
    assert run_id in other.get("/runs")
    other.get(f"/runs/{run_id}")
    other.get("/runs/mine", status=404)


def test_a_run_that_names_no_dag_is_for_who_may_read_all(site, make_site):
    html = make_site().get("/runs")
    assert 'value="broken"' in html
    assert "plan.json is not JSON" in html


LOGS = [
    "harness.log", "airflow.log", "stages/stack_up.log", "stack/logs/kafka.log", "stack/logs/kafka.out",
    "diagnostics/logs/kafka.log.1", "any/deep/X.LOG",
]  # fmt: skip


@pytest.fixture
def with_logs(site):
    folder = site.artifacts / "mine"
    for name in (*LOGS, "diagnostics/offsets.json", "stack/logs/index.html", "mail/mail.html", "mail/rules.json"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("said")
    return site


@pytest.mark.parametrize("name", LOGS)
def test_logs_are_for_who_may_read_the_logs_of_tasks(with_logs, name):
    assert with_logs.client.get(f"/runs/mine/files/{name}").text == "said"
    with_logs.reader.logs = False
    answer = with_logs.client.get(f"/runs/mine/files/{name}")
    assert (answer.status_code, answer.json()["detail"]) == (
        403, "You may not read the logs of streamproof_run, and so not those of its runs."
    )  # fmt: skip


def test_no_link_leads_to_a_log_that_may_not_be_read(with_logs):
    assert "files/harness.log" in with_logs.get("/runs/mine")
    assert "files/stack/logs/index.html" in with_logs.get("/runs/mine")
    with_logs.reader.logs = False
    html = with_logs.get("/runs/mine")
    assert "files/report.html" in html
    assert "files/harness.log" not in html
    assert "stack/logs" not in html
    assert with_logs.client.get("/runs/mine/files/diagnostics/offsets.json").text == "said"


@pytest.mark.parametrize("name", ["mail/mail.html", "mail/rules.json"])
def test_addresses_of_mail_are_served_to_nobody(with_logs, name):
    assert with_logs.client.get(f"/runs/mine/files/{name}").status_code == 404
    assert "mail/" not in with_logs.get("/runs/mine")


def test_airflow_is_asked_for_what_is_read(monkeypatch):
    refused, asked = set(), []

    def is_authorized_dag(*, method, access_entity, details, user):
        asked.append((method, access_entity, details.id, user))
        return access_entity not in refused

    monkeypatch.setattr(access, "get_auth_manager", lambda: SimpleNamespace(is_authorized_dag=is_authorized_dag))
    monkeypatch.setattr(access.DagModel, "get_team_name", lambda _: None)

    reader = access.Reader("me")
    assert reader.may_read("d")
    assert reader.may_read_logs("d")
    entities = (None, DagAccessEntity.RUN, DagAccessEntity.TASK_LOGS)
    assert asked == [("GET", entity, "d", "me") for entity in entities]
    for entity, read, logs in zip(entities, (False, False, True), (True, True, False), strict=True):
        refused = {entity}
        reader = access.Reader("me")
        assert (reader.may_read("d"), reader.may_read_logs("d")) == (read, logs)
