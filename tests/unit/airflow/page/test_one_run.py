"""The page of one run, the files of its folder, and the link of a task instance."""

from __future__ import annotations

import json

import pytest

from streamproof.airflow.page.links import ReportLink


def test_a_failed_run_shows_what_failed_and_links_to_its_report(site):
    site.add("before", at="2026-02-28")
    folder = site.add("a", "failed", dag_id="streamproof_run", dag_run_id="manual__1")
    (folder / "stages").mkdir()
    stage = {"status": "errored", "duration_sec": 2.0, "error": "port in use"}
    (folder / "stages" / "stack_up.json").write_text(json.dumps(stage))
    (folder / "entities").mkdir()
    (folder / "entities" / "one.html").write_text("x")

    html = site.get("/runs/a")

    assert "1 of 20 checks failed. The first broken layer is typed." in html
    assert "raw_typed.counts" in html
    assert "missing=3" in html
    assert "port in use" in html
    for link in (
        "/runs/a/files/report.html", "/runs/a/files/entities/one.html", "/compare?run=before&amp;run=a",
        "/dags/streamproof_run/runs/manual__1",
    ):  # fmt: skip
        assert f'href="{link}"' in html


def test_a_run_that_goes_on_shows_its_stages_so_far(site):
    folder = site.add("a", None)
    (folder / "stages").mkdir()
    (folder / "stages" / "stack_up.json").write_text('{"status": "passed", "duration_sec": 2.0}')
    (folder / "stages" / "assert_raw_typed.json").write_text('{"sta')

    html = site.get("/runs/a")

    assert "The run still goes on, or it was ended before its verdict." in html
    assert "Stages so far" in html
    assert "stack_up" in html
    assert "report.html" not in html


def test_a_removed_run_shows_what_the_history_keeps(site):
    site.remember("gone", "failed")

    html = site.get("/runs/gone")

    assert "The run's folder was removed" in html
    assert "files/" not in html


@pytest.mark.parametrize("failures", ['"x"', '["x"]', "[{}]", '[{"name": 1, "failed_rows": "x", "diagnostics": []}]'])
def test_failures_of_another_version_do_not_break_the_page(site, failures):
    summary = site.add("a", "failed") / "summary.json"
    summary.write_text(json.dumps({**json.loads(summary.read_text()), "failures": json.loads(failures)}))
    assert "first broken layer is typed" in site.get("/runs/a")


@pytest.mark.parametrize("stages", ["null", "7", '[{"name": "a\\u0000b"}, {"name": "../../secret"}, 5]'])
def test_stages_of_a_damaged_plan_do_not_break_the_page(site, stages):
    folder = site.add("a", "failed")
    (folder.parent / "secret.json").write_text('{"status": "read from elsewhere"}')
    (folder / "plan.json").write_text(f'{{"run_id": "a", "pack": "livepeer", "stages": {stages}}}')
    assert "read from elsewhere" not in site.get("/runs/a")


def test_a_page_whose_name_is_no_utf8_is_not_listed(site):
    folder = site.add("a", "failed")
    (folder / "x\udcff.html").write_text("x")
    assert "x\udcff" not in site.get("/runs/a")


def test_a_report_is_served_in_a_sandbox(site):
    site.add("a")

    answer = site.client.get("/runs/a/files/report.html")

    assert answer.text == "<title>the report</title>"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-scripts; default-src 'none'")
    assert "allow-same-origin" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_pages_of_its_own_run_no_script(site):
    policy = site.client.get("/runs").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy


@pytest.mark.parametrize(
    ("name", "kind"),
    [("junit.xml", "text/plain; charset=utf-8"), ("x.svg", "application/octet-stream"), ("x.json", "application/json")],
)
def test_a_file_has_a_type_that_runs_nothing(site, name, kind):
    (site.add("a") / name).write_text("x")

    answer = site.client.get(f"/runs/a/files/{name}")

    assert answer.headers["content-type"] == kind
    assert answer.headers.get("content-disposition", "").startswith("attachment") == (name == "x.svg")


@pytest.fixture
def folder_with_traps(site, tmp_path):
    folder = site.add("a")
    site.add("b")
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "runs" / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "outside").symlink_to(tmp_path)
    (folder / "inside.html").symlink_to(folder / "report.html")
    for name in ("data/source/key.pem", "state.json", "config/users.xml", "logs/broker.log"):
        path = folder / "stack" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("secret")
    (tmp_path / "runs" / "linked_run").symlink_to(folder)
    return folder


@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt", "%2e%2e/secret.txt", "..%2fsecret.txt", "..%2f..%2fsecret.txt", "x/../../secret.txt",
        "%2fetc/passwd", "/etc/passwd", "link.txt", "outside/secret.txt", "inside.html", "stack/data/source/key.pem",
        "stack/state.json", "stack/config/users.xml", "stack/logs/../state.json", "stack/./state.json", "", ".",
        "stages", "nothing.html", "report.html%00.txt", "a" * 300, "../b/report.html",
    ],
)  # fmt: skip
def test_nothing_but_files_of_the_folder_is_served(site, folder_with_traps, path):
    answer = site.client.get(f"/runs/a/files/{path}")
    assert answer.status_code == 404
    assert "secret" not in answer.json()["detail"].replace(path, "").replace("secret.txt", "")


@pytest.mark.parametrize("run_id", ["linked_run", "%2e%2e", "replays", "..%2fruns%2fa", "a%00"])
def test_only_a_folder_of_a_run_is_one(site, folder_with_traps, run_id):
    (site.artifacts / "replays").mkdir()
    assert site.client.get(f"/runs/{run_id}").status_code == 404
    assert site.client.get(f"/runs/{run_id}/files/report.html").status_code == 404


def test_logs_of_services_are_served(site, folder_with_traps):
    assert site.client.get("/runs/a/files/stack/logs/broker.log").text == "secret"


def test_the_link_of_a_task_leads_to_the_last_attempt(site):
    key = type("Key", (), {"dag_id": "streamproof_run", "run_id": "manual__2026-03-01T00:00:00+00:00"})
    made_by = {"dag_id": "streamproof_run", "dag_run_id": key.run_id}
    for name in ("", ".try2", ".try10"):
        site.add(f"manual__2026-03-01T00-00-00-00-00{name}", **made_by)
    site.add("manual__2026-03-01T00-00-00-00-00.try11", dag_id="another", dag_run_id=key.run_id)

    link = ReportLink().get_link(None, ti_key=key)
    assert link.startswith("/streamproof/dags/streamproof_run/runs/manual__")
    answer = site.client.get(link.removeprefix("/streamproof"), follow_redirects=False)

    assert answer.headers["location"] == "/runs/manual__2026-03-01T00-00-00-00-00.try10"


def test_the_link_of_a_dag_run_without_a_run_says_where_to_look(site):
    assert "the log of its task plan_run says why" in site.get("/dags/streamproof_run/runs/manual__1", status=404)


def test_a_link_stays_below_the_path_of_the_server(monkeypatch):
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://example.org/team/airflow/")
    key = type("Key", (), {"dag_id": "d", "run_id": "r/1"})
    assert ReportLink().get_link(None, ti_key=key) == "/team/airflow/streamproof/dags/d/runs/r%2F1"
