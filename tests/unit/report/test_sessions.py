"""The table of sessions in the reports, and where they are found."""

from __future__ import annotations

from streamproof.model.results import Status
from streamproof.report.compact import compact_summary
from streamproof.report.html import render_html
from streamproof.report.markdown import render_markdown
from streamproof.report.sections.entities import sessions
from streamproof.report.summary import build_summary

ROW = {
    "id": "strm-<b>|1",
    "facts": {"Start": "2026-02-25T16:00:00.125Z", "Start-up": "excused", "Swaps": 2345, "FPS": None, "Mean": 29.987},
    "scenario_expected": "scenario_one", "scenario_observed": "scenario_two", "differences": 4,
}  # fmt: skip


def with_sessions(samples, *rows, total=0):
    results = samples.passed_results()
    details = {"file": "sessions.json", "sessions_total": total or len(rows), "sessions": list(rows)}
    details["entities"] = {"name": "ride", "plural": "rides"}
    results["oracle"] = samples.stage("oracle", Status.FAILED, checks=(samples.check("x"),), details=details)
    return results


def test_a_session_in_short(samples):
    found = sessions(with_sessions(samples, ROW, {**ROW, "scenario_expected": None, "differences": 0}))
    assert found is not None
    first, second = found.shown
    assert list(first.facts.values()) == ["2026-02-25 16:00:00.125", "excused", "2,345", "\N{EN DASH}", "29.99"]
    assert found.titles == ("Start", "Start-up", "Swaps", "FPS", "Mean")
    assert (first.is_as_expected, second.is_as_expected) == (False, True)
    assert second.expected == ""


def test_a_run_without_the_stage_shows_none(samples):
    assert sessions(samples.passed_results()) is None


def test_the_reports_show_them_and_link_to_the_file(samples):
    results = with_sessions(samples, ROW, total=70)
    summary = build_summary(samples.plan(), results, None, ended_at="2026-03-01T02:15:10.000Z")
    page, text = render_html(summary, results), render_markdown(summary, results)
    assert "strm-&lt;b&gt;|1" in page.replace("<wbr>", "")
    assert "strm-<b>" not in page
    assert "The first 1 of 70 rides" in page
    for report in (page, text):
        assert "sessions.json" in report
        assert "scenario_two" in report.replace("<wbr>", "").replace("\\", "")
    assert compact_summary(summary)["paths"]["sessions"] == f"{summary['folder']}/sessions.json"
    assert "sessions" not in compact_summary(summary, has_sessions=False)["paths"]


def test_a_run_whose_oracle_broke_has_no_file(samples):
    results = samples.passed_results()
    results["oracle"] = samples.stage("oracle", Status.ERRORED, error="the set has changed")
    summary = build_summary(samples.plan(), results, None, ended_at="2026-03-01T02:15:10.000Z")
    assert "sessions" not in compact_summary(summary)["paths"]


def test_the_report_links_to_the_pages_and_says_how_another_is_made(samples):
    results = with_sessions(samples, ROW, {**ROW, "id": "b|2"})
    summary = build_summary(samples.plan(), results, None, ended_at="2026-03-01T02:15:10.000Z")
    hint = f"<code>streamproof report {summary['run_id']} --entity ID</code> makes the page of any ride."
    some = render_html(summary, results, traces={"b|2": "entities/b_2.html"})
    assert '<a href="entities/b_2.html"><code>b|2</code></a>' in some
    assert hint in some
    every = render_html(summary, results, traces={"b|2": "entities/b_2.html", ROW["id"]: "entities/x.html"})
    assert hint not in every


def test_the_reports_call_entities_as_the_pack_does(samples):
    results = with_sessions(samples, ROW)
    named = samples.check("y", Status.FAILED, sessions=("a|1",))
    results["assert_raw_typed"] = samples.stage("assert_raw_typed", Status.FAILED, checks=(named,))
    summary = build_summary(samples.plan(), results, None, ended_at="2026-03-01T02:15:10.000Z")
    page = render_html(summary, results)
    text = render_markdown(summary, results, {}, {"a|1": "diagnostics/sessions/a.txt"})
    assert page.count('<span class="muted">Rides:</span>') == 2, "among the failures, and among the checks"
    assert "  - rides: [a" in text
    assert "final facts of every ride, and what differs" in page
    for report in (page, text):
        assert "Sessions" not in report
