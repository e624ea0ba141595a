"""What a run proved, as a ladder."""

from __future__ import annotations

from streamproof.model.rungs import NEEDS, PROVES, Rung
from streamproof.report.html import render_html
from streamproof.report.mail import render_mail
from streamproof.report.sections.verdict import facts, ladder, next_need


def test_every_rung_says_what_it_proves_or_what_it_needs(summarize):
    summary, _ = summarize("failed")
    steps = ladder(summary)
    assert [step.name for step in steps] == [rung.value.replace("_", " ") for rung in Rung]
    assert {step.name for step in steps if step.state == "proved"} >= {"drained"}
    assert steps[0].state == "unproved"
    assert steps[0].says == PROVES[Rung.JUDGED]
    assert (steps[-1].state, steps[-1].says) == ("missing", NEEDS[Rung.FORETOLD])
    assert next_need(steps) == steps[-1]


def test_a_pack_that_offers_all_needs_nothing(summarize):
    summary, _ = summarize("passed")
    whole = {**summary, "rungs": [rung.value for rung in Rung], "rungs_missing": {}}
    assert next_need(ladder(whole)) is None


def test_an_older_summary_has_no_ladder_and_the_page_says_so(summarize):
    summary, results = summarize("passed")
    older = {key: value for key, value in summary.items() if not key.startswith("rungs")}
    assert ladder(older) == ()
    page = render_html(older, results)
    assert "it is from an earlier version" in page
    assert "What this run proves" not in page


def test_a_summary_alone_is_a_page_that_says_what_is_missing():
    page = render_html({"run_id": "r1", "verdict": "failed", "failures": [{"suite": "s", "name": "n"}]}, {})
    assert "The folder holds no results of stages" in page
    assert "Failed" in page
    assert "<wbr>n" in page


def test_uncommitted_changes_are_shown_with_the_commit(summarize):
    summary, results = summarize("passed")
    changed = {**summary, "git_commit": f"{'0d4c9a1f' * 5}+changes"}
    assert dict(facts(changed))["Commit"] == "0d4c9a1f0d4c+changes"
    assert "0d4c9a1f0d4c+changes" in render_html(changed, results)
    assert "Commit: 0d4c9a1f0d4c+changes" in render_mail(changed).text
