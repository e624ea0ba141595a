"""The mail about a run that did not pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from streamproof.report.compact import compact_summary
from streamproof.report.formatting import count, headline, whole, writable
from streamproof.report.page import facts
from streamproof.report.templating import render

_MAX_SUBJECT = 150


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail without addresses; `subject` is one line."""

    subject: str
    html: str
    text: str


def render_mail(summary: Mapping[str, Any], *, link: str | None = None) -> Mail:
    """Return the mail of a run from its full or compact summary.

    `link` is the URL of the run in the Airflow UI, or of the report. The mail always names the run's folder.
    """
    short = compact_summary(summary)
    values = {
        "summary": short,
        "headline": headline(summary),
        "facts": facts(summary),
        "link": link,
        "left_out": max(whole(summary.get("failures_left_out")), short["failures_left_out"]),
    }
    return Mail(
        subject=_subject(summary),
        html=render("mail.html.j2", escape=True, **values),
        text=render("mail.txt.j2", escape=False, **values),
    )


def _subject(summary: Mapping[str, Any]) -> str:
    verdict, pack = summary["verdict"], summary["pack"]
    failed = whole(summary["checks"]["failed"])
    parts = [f"[streamproof] {pack} {verdict}"]
    if summary.get("first_broken_layer"):
        parts.append(f"first broken layer {summary['first_broken_layer']}")
    parts.append(f"{count(failed, 'check')} failed" if failed else str(summary.get("error") or "all checks hold"))
    subject = writable(" ".join(": ".join([parts[0], ", ".join(parts[1:])]).split()))
    return subject if len(subject) <= _MAX_SUBJECT else f"{subject[: _MAX_SUBJECT - 1]}…"
