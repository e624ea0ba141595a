"""The mails about a run: what they say, whatever is in the run."""

from __future__ import annotations

import pytest

from streamproof.report.mail import Recovered, render_mail, render_unpublished
from streamproof.report.summary import compact_summary

LINKS = [("Open the report", "http://airflow.test/dags/x?a=1&b=2")]


@pytest.mark.parametrize("compact", [False, True])
def test_it_names_verdict_layer_checks_diagnostics_rerun_and_link(summarize, compact):
    summary, _ = summarize("failed", rerun="streamproof run --mode smoke")
    mail = render_mail(compact_summary(summary) if compact else summary, links=LINKS)
    assert mail.subject == "[streamproof] livepeer failed: first broken layer typed, 2 checks failed"
    for body in (mail.text, mail.html):
        for part in (
            "raw_typed.raw_to_typed_counts_match",
            "An event that arrived is lost without a reject.",
            "typed_core=3987",
            "strm-7q|req-19c2",
            "streamproof run --mode smoke",
            summary["run_id"],
        ):
            assert part in body
    assert "http://airflow.test/dags/x?a=1&b=2" in mail.text
    assert 'href="http://airflow.test/dags/x?a=1&amp;b=2"' in mail.html


def test_an_unjudged_run_gives_the_reason(summarize):
    mail = render_mail(summarize("error")[0])
    assert mail.subject.startswith("[streamproof] livepeer error: replay_events: The broker closed")
    assert "Hint: Look at stack/logs/kafka.log" in mail.text


def test_ten_failures_with_long_meanings_are_all_named_in_whole_sentences(summarize):
    summary, _ = summarize("failed")
    meaning = "Records were lost on their way. " * 20
    failure = {**summary["failures"][0], "meaning": meaning, "diagnostics": {f"count_{n}": n for n in range(20)}}
    summary["failures"] = [{**failure, "name": f"check_{number}"} for number in range(10)]
    mail = render_mail(summary)
    for body in (mail.text, mail.html):
        assert [number for number in range(10) if f"check_{number}" not in body] == []
        assert body.count("Records were lost on their way. Records") >= 10
    assert "way…" not in mail.text


def test_many_failures_are_cut_and_counted(summarize):
    summary, _ = summarize("failed")
    summary["failures"] *= 300
    mail = render_mail(summary)
    assert len(mail.html) < 40_000
    assert "… and 590 more failing checks: see the report or summary.json." in mail.text
    assert mail.text.count("failed row") == 10


@pytest.mark.parametrize("compact", [False, True])
@pytest.mark.parametrize(("failing", "shown"), [(1, 9), (10, 1)])
def test_unjudged_checks_that_are_not_shown_are_counted(summarize, compact, failing, shown):
    summary, _ = summarize("failed")
    summary["failures"] = summary["failures"][:1] * failing
    check = {"suite": "api", "name": "parity", "error": "no table", "source_file": "a.sql", "line": 3}
    summary["not_judged"] = [check] * 300
    mail = render_mail(compact_summary(summary) if compact else summary)
    told = f"… and {300 - shown} more checks not judged: see the report or summary.json."
    for body in (mail.text, mail.html):
        assert body.count("could not be judged: no table") == shown
        assert told in body
    summary["not_judged"] = [check]
    assert "not judged: see the report" not in render_mail(summary).text


def test_hostile_text_is_one_subject_line_and_escaped(summarize):
    summary, _ = summarize("error")
    summary["error"] = "<b>x</b>\r\nBcc: everyone@example.org " + "y" * 500
    mail = render_mail(summary)
    assert "\n" not in mail.subject
    assert "\r" not in mail.subject
    assert len(mail.subject) <= 150
    assert "<b>x</b>" not in mail.html


def test_a_run_that_passes_again_says_what_failed_before(summarize):
    before = Recovered("run-7", "failed", "typed", tuple(f"raw_typed.check_{number}" for number in range(12)))
    mail = render_mail(summarize("passed")[0], recovered=before)
    assert mail.subject == "[streamproof] livepeer passes again: all 13 checks hold"
    for body in (mail.text, mail.html):
        for part in ("run-7, failed", "typed", "raw_typed.check_9", "… and 2 more checks"):
            assert part in body
        assert "raw_typed.check_10" not in body
        assert "First broken layer" not in body


def test_a_run_without_a_verdict_says_why_and_where_to_look():
    mail = render_unpublished(
        "manual__<1>", reason="task_failure", where="the log of plan_run", links=LINKS, note="Up."
    )
    assert mail.subject == "[streamproof] manual__<1>: no verdict"
    assert "manual__&lt;1&gt;" in mail.html
    for part in ("task_failure", "the log of plan_run", LINKS[0][1], "Notice: Up."):
        assert part in mail.text


def test_no_line_break_reaches_a_subject(summarize):
    summary = {**summarize("failed")[0], "pack": "a\r\nBcc: x@y.z", "first_broken_layer": "b\nc"}
    for mail in (
        render_mail(summary), render_mail(summary, recovered=Recovered("r\n", "failed", "", ())),
        render_unpublished("m\n1", reason="", where=""),
    ):  # fmt: skip
        assert len(mail.subject.splitlines()) == 1


def test_a_meaning_ends_with_a_sentence_and_diagnostics_are_cut(summarize):
    summary, _ = summarize("failed")
    summary["failures"][0] |= {
        "meaning": "Events are lost. " + "And more " * 60,
        "diagnostics": {"ids": ["x" * 40] * 40},
    }
    lines = render_mail(summary).text.splitlines()
    assert "  Events are lost." in lines
    summary["failures"][0]["meaning"] = "Events are lost. And mo…"
    assert "  Events are lost." in render_mail(summary).text.splitlines()
    assert max(map(len, lines)) < 260
