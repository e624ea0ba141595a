"""The list of runs: verdicts, filters, pages, and the states in which there is nothing to list."""

from __future__ import annotations

import errno
import json
import os
import re
from html import unescape
from pathlib import Path

import pytest


def listed(page: str) -> list[str]:
    """The ids of the listed runs, in order."""
    return re.findall(r'name="run" value="([^"]+)"', page)


def test_runs_are_listed_newest_first_with_verdict_and_duration(site):
    site.add("a", at="2026-03-01")
    site.add("b", "failed", at="2026-03-02")

    html = site.get("/runs")

    assert listed(html) == ["b", "a"]
    assert '<span class="pill failed">failed</span>' in html
    assert "1 of 20" in html
    assert "1 min 15 s" in html


def test_they_are_filtered_by_pack_and_by_verdict(site):
    site.add("a", at="2026-03-01")
    site.add("b", "failed", at="2026-03-02")
    site.add("c", "failed", at="2026-03-03", pack="market")

    assert listed(site.get("/runs?verdict=failed")) == ["c", "b"]
    assert listed(site.get("/runs?verdict=failed&pack=market")) == ["c"]
    nothing = site.get("/runs?verdict=passed&pack=market")
    assert listed(nothing) == []
    assert "No run matches" in nothing


def test_long_lists_have_pages_that_keep_the_filter(site):
    for number in range(30):
        site.remember(f"r{number:02}", started_at=f"2026-03-01T02:15:{number:02}.000Z")

    first, second, beyond = (site.get(f"/runs?pack=livepeer&page={number}") for number in (1, 2, 99))

    assert (listed(first)[0], len(listed(first))) == ("r29", 25)
    assert listed(second) == listed(beyond) == ["r04", "r03", "r02", "r01", "r00"]
    assert "pack=livepeer&amp;verdict=&amp;page=2" in first


@pytest.mark.parametrize("page", ["0", "-1", "x"])
def test_a_page_that_is_no_number_is_refused_in_a_sentence(site, page):
    assert "The address has a wrong &#39;page&#39;" in site.get(f"/runs?page={page}", status=422)


def test_without_runs_it_says_how_to_make_one(site):
    missing = site.get("/runs")
    site.artifacts.mkdir()
    (site.artifacts / "replays").mkdir()
    empty = site.get("/runs")

    for html in (missing, empty):
        assert "No runs yet" in html
        assert "streamproof run" in html
        assert str(site.artifacts) in html
    assert "does not exist" in missing
    assert "does not exist" not in empty


def test_a_folder_of_runs_that_cannot_be_read_is_named_with_the_reason(make_site, tmp_path):
    (tmp_path / "file").write_text("")

    html = make_site(artifacts=tmp_path / "file").get("/runs", status=503)

    assert "The folder of runs cannot be read" in html
    assert "Not a directory" in html
    assert "No runs yet" not in html


def test_a_run_that_goes_on_is_listed_without_a_verdict(site):
    site.add("a", None)

    html = site.get("/runs")

    assert listed(html) == ["a"]
    assert '<span class="pill no-verdict">no verdict</span>' in html


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "summary.json is not JSON"),
        ("[]", "summary.json holds no object"),
        ('{"pack": "livepeer", "mode": "full"}', "summary.json is not of this version: KeyError: &#39;verdict&#39;"),
    ],
)
def test_a_broken_summary_is_listed_with_the_reason(site, text, reason):
    (site.add("a") / "summary.json").write_text(text)

    html = site.get("/runs")

    assert '<span class="pill errored">unreadable</span>' in html
    assert reason in html


@pytest.mark.parametrize("wrong", [3, [3], {"id": 3}, True], ids=str)
def test_a_summary_with_names_of_another_type_costs_no_page(site, wrong):
    path = site.add("a") / "summary.json"
    names = {"dag_run": {"dag_id": wrong, "run_id": wrong}, "first_broken_layer": wrong}
    path.write_text(json.dumps({**json.loads(path.read_text()), **names}))

    assert listed(site.get("/runs")) == ["a"]
    assert str(wrong) in unescape(site.get("/runs/a"))


def test_a_run_whose_folder_was_removed_is_still_listed(site):
    site.remember("gone", "failed")

    html = site.get("/runs")

    assert listed(html) == ["gone"]
    assert "Its folder was removed" in html


def test_an_interrupted_run_is_told_from_one_that_could_not_be_judged(site):
    site.add("a", "error")
    site.remember("a", "interrupted")

    assert '<span class="pill errored">interrupted</span>' in site.get("/runs")


def test_the_trend_has_a_bar_for_each_run_and_one_for_failed_checks(site):
    site.add("a", at="2026-03-01")
    site.add("b", "failed", at="2026-03-02")
    site.add("c", None, at="2026-03-03")

    html = site.get("/runs")

    assert re.findall(r'<rect class="(\w+)"', html) == ["passed", "failed", "depth"]
    assert "Last 2 runs of livepeer" in html
    assert "1 did not pass; at most 1 check failed" in html


def test_text_of_a_run_cannot_become_markup(site):
    folder = site.add("a", "error")
    (folder / "summary.json").write_text(
        (folder / "summary.json").read_text().replace('"error": null', '"error": "<script>alert(1)</script>"')
    )

    for path in ("/runs", "/runs/a"):
        html = site.get(path)
        assert "<script" not in html
        assert "&lt;script&gt;alert(1)" in html


@pytest.fixture
def locked(site, monkeypatch):
    """The run `locked`, whose folder may not be entered; root may enter any, so the refusal is made up."""
    folder = site.add("locked", "failed", at="2026-03-02", dag_id="streamproof_run", dag_run_id="manual__1")
    stat = Path.stat

    def refused(path, **options):
        if path.parent == folder:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return stat(path, **options)

    monkeypatch.setattr(Path, "stat", refused)
    return folder


def test_a_folder_that_may_not_be_entered_hides_no_other_run(site, locked):
    site.add("a", at="2026-03-01")

    html = site.get("/runs")

    assert listed(html) == ["locked", "a"]
    assert html.count('<span class="pill errored">unreadable</span>') == 1
    assert "Its folder cannot be read: Permission denied" in html
    assert "Its folder was removed" not in html


def test_it_is_shown_with_what_the_history_keeps_to_who_may_read_its_dag(site, make_site, locked):
    other = make_site("other_dag")
    assert listed(other.get("/runs")) == []
    other.get("/runs/locked", status=404)
    mine = make_site("streamproof_run")
    for html in (mine.get("/runs/locked"), site.get("/runs/locked")):
        assert "Its folder cannot be read: Permission denied" in html
    mine.get("/runs/locked/files/report.html", status=404)
    (site.artifacts / "history" / "locked.json").unlink()
    assert listed(site.get("/runs")) == ["locked"]
    assert listed(mine.get("/runs")) == []


def test_the_link_of_a_task_leads_to_it_too(site, locked):
    html = site.get("/dags/streamproof_run/runs/locked")
    assert "Its folder cannot be read: Permission denied" in html


@pytest.mark.parametrize("length", [256, 300, 5000])
def test_no_run_has_a_name_that_no_folder_may_have(site, length):
    site.add("a")
    name = "a" * length
    assert f"There is no run {name} " in site.get(f"/runs/{name}", status=404)
    site.get(f"/runs/{name}/files/report.html", status=404)


def test_a_broken_file_of_the_history_is_told_to_who_may_read_all(site, make_site):
    site.add("a", dag_id="streamproof_run")
    for number in range(11):
        (site.artifacts / "history" / f"torn{number:02}.json").write_text("{")

    html = site.get("/runs")

    assert listed(html) == ["a"]
    assert "11 files of the history cannot be read" in html
    assert "torn09.json" in html
    assert "It is not JSON" in html
    assert "and 1 more file:" in html
    assert "torn" not in make_site("streamproof_run").get("/runs")
