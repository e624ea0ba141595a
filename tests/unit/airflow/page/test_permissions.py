"""Runs are shown to who may read their DAG, and to nobody else, by whatever address."""

from __future__ import annotations

import pytest

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
