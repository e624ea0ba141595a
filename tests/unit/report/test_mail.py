"""The failure mail."""

from __future__ import annotations

import pytest

from streamproof.report.mail import render_mail
from streamproof.report.summary import compact_summary


@pytest.mark.parametrize("compact", [False, True])
def test_it_names_verdict_layer_checks_diagnostics_rerun_and_link(summarize, compact):
    summary, _ = summarize("failed", rerun="streamproof run --mode smoke")
    mail = render_mail(compact_summary(summary) if compact else summary, link="http://airflow.test/dags/x?a=1&b=2")
    assert mail.subject == "[streamproof] livepeer failed: first broken layer typed, 2 checks failed"
    for body in (mail.text, mail.html):
        for part in (
            "raw_typed.raw_to_typed_counts_match",
            "typed_core=3987",
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


def test_many_failures_are_cut_and_counted(summarize):
    summary, _ = summarize("failed")
    summary["failures"] *= 300
    mail = render_mail(summary)
    assert len(mail.html) < 40_000
    assert "more failing checks in summary.json" in mail.text


def test_hostile_text_is_one_subject_line_and_escaped(summarize):
    summary, _ = summarize("error")
    summary["error"] = "<b>x</b>\r\nBcc: everyone@example.org " + "y" * 500
    mail = render_mail(summary)
    assert "\n" not in mail.subject
    assert "\r" not in mail.subject
    assert len(mail.subject) <= 150
    assert "<b>x</b>" not in mail.html
