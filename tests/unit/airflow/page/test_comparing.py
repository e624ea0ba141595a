"""Two runs compared, flaky checks and drift, and problems as JSON."""

from __future__ import annotations

import pytest

from streamproof.airflow.page import app
from streamproof.airflow.page.access import current_reader
from streamproof.airflow.page.finding import page_settings


def test_two_runs_are_compared_the_earlier_first(site):
    site.add("a", at="2026-03-01")
    site.add("b", "failed", at="2026-03-02")

    html = site.get("/compare?run=b&run=a")

    assert html.index("A: ") < html.index(">a</a>") < html.index("B: ") < html.index(">b</a>")
    assert "raw_typed.counts" in html
    assert "No number differs" in html


def test_values_that_are_shown_in_part_are_compared_as_a_whole(site):
    commit, fixtures = "0d4c9a1f" * 5, "9f" * 32
    site.remember("a", git_commit=commit, fixture_sha256=fixtures, started_at="2026-03-01T00:00:00.000Z")
    changes = {"git_commit": f"{commit}+changes", "fixture_sha256": f"{fixtures[:-1]}0"}
    site.remember("b", **changes, started_at="2026-03-02T00:00:00.000Z")

    html = site.get("/compare?run=a&run=b")

    differs = ' <span class="muted small">differs</span></td></tr>'
    assert f"Commit</th><td>0d4c9a1f0d4c</td><td>0d4c9a1f0d4c+changes{differs}" in html
    shown = f"{fixtures[:13]}..."
    assert f"Fixture set</th><td>{shown}</td><td>{shown}{differs}" in html
    assert "Processor</th><td>local</td><td>local</td></tr>" in html


@pytest.mark.parametrize("runs", ["", "run=a", "run=a&run=a&run=a"])
def test_it_takes_two(site, runs):
    site.add("a")
    assert "Choose two runs to compare" in site.get(f"/compare?{runs}", status=422)


def test_a_check_that_changes_on_one_commit_is_flaky(site):
    for number, verdict in enumerate(("passed", "failed", "passed"), 1):
        site.remember(f"r{number}", verdict, started_at=f"2026-03-0{number}T00:00:00.000Z")

    html = site.get("/checks")

    assert "raw_typed.counts" in html
    assert 'aria-label="r2: failed"' in html
    assert "3 runs had another verdict" in html


def test_a_longer_stage_is_drift(site):
    for number in range(1, 8):
        site.remember(
            f"r{number}",
            started_at=f"2026-03-0{number}T00:00:00.000Z",
            stages={"stack_up": 30.0 if number == 7 else 2.0},
        )

    html = site.get("/checks")

    assert "No check is flaky" in html
    assert "<td>stage</td><td><code>stack_up</code></td>" in html


def test_drift_is_looked_for_in_the_newest_run_of_each_kind(site):
    for number in range(1, 8):
        for mode, hour in (("full", 1), ("smoke", 2)):
            site.remember(
                f"{mode}{number}",
                mode=mode,
                started_at=f"2026-03-0{number}T0{hour}:00:00.000Z",
                stages={"stack_up": 30.0 if (number, mode) == (7, "full") else 2.0},
            )

    html = site.get("/checks")

    assert '<a href="/runs/full7">full7</a></td><td>stage</td><td><code>stack_up</code></td>' in html
    assert "smoke7" not in html
    assert "No drift was found" not in html


def test_without_a_history_it_says_so(site):
    assert "The history has no run" in site.get("/checks")


def test_a_program_gets_problems_as_json(site):
    answer = site.client.get("/runs/x")
    assert (answer.status_code, answer.json()) == (404, {"detail": "There is no run x that you may read."})


def test_who_is_not_logged_in_is_refused_with_the_way_to_log_in(site, monkeypatch):
    monkeypatch.setattr(app, "login_address", lambda back_to: f"/auth/login?next={back_to}")
    del site.client.app.dependency_overrides[current_reader]

    for path in ("/", "/runs", "/runs/a", "/runs/a/files/report.html", "/compare", "/checks", "/dags/a/runs/b"):
        assert "You are not logged in to Airflow" in site.get(path, status=401)
        assert site.client.get(path).json() == {"detail": "You are not logged in to Airflow."}
    assert 'href="/auth/login?next=/runs?pack=a"' in site.get("/runs?pack=a", status=401)


def test_wrong_settings_of_the_server_are_told_without_a_traceback(site, monkeypatch):
    del site.client.app.dependency_overrides[page_settings]
    monkeypatch.setenv("STREAMPROOF_OWNER", "x")
    assert "STREAMPROOF_OWNER" in site.get("/runs", status=503)
