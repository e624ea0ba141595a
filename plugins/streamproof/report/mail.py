"""The mails about a run: it did not pass, it passes again, it passed, or it ended before it had a verdict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from streamproof.report.compact import shortened
from streamproof.report.formatting import count, diagnostics, headline, whole, writable
from streamproof.report.page import facts
from streamproof.report.templating import render

_MAX_SUBJECT = 150
# What fits on a phone. The report has the rest.
_MOST_CHECKS = 10
_MOST_ENTITIES = 8
# What is read of a list and of a text, which may be of any size.
_MOST_ITEMS = 20
_LONGEST_TEXT = 2_000
_LONGEST = 320
_LONGEST_MEANING = 240
_LONGEST_DIAGNOSTICS = 200

_TITLES = {"passed": "Passed", "failed": "Failed", "error": "Not judged"}
# Name and address of each link of a mail, in the order in which they are shown.
Links = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail without addresses; `subject` is one line."""

    subject: str
    html: str
    text: str


@dataclass(frozen=True, slots=True)
class Recovered:
    """A run that did not pass before one that passes again: its id, verdict and first broken layer ('' for none).

    `failed` are its failed checks that passed now. `is_last`: it is the run before, and not one further back.
    """

    run_id: str
    verdict: str
    first_broken_layer: str
    failed: tuple[str, ...]
    is_last: bool = True


def render_mail(
    summary: Mapping[str, Any],
    *,
    links: Links = (),
    recovered: Recovered | None = None,
    entities: str = "sessions",
    note: str = "",
    broken_after: str = "",
) -> Mail:
    """Return the mail of a run from its full or compact summary.

    `broken_after` says why the DAG run failed although all checks hold, '' for one that did not.
    `recovered` is the failed run before a run that passes again. `entities` is the pack's name for the entities that
    checks name. `note` is one more sentence, on what the run has left. The mail always names the run's folder.
    """
    short = shortened(summary, failures=_MOST_CHECKS, items=_MOST_ITEMS, text=_LONGEST_TEXT)
    verdict = str(summary["verdict"])
    failures = [_failure(failure) for failure in short["failures"]]
    left_out = len(summary["failures"]) - len(failures) + whole(summary.get("failures_left_out"))
    unjudged = [_unjudged(check) for check in short["not_judged"][: _MOST_CHECKS - len(failures) or 1]]
    others = len(summary["not_judged"]) - len(unjudged) + whole(summary.get("not_judged_left_out"))
    involved = _entities(summary["failures"])
    return _mail(
        _subject(summary, recovered, broken_after),
        tone="error" if broken_after else verdict,
        title=_title(verdict, recovered, broken_after),
        headline=headline(summary),
        why="Also" if verdict == "failed" else "Why",
        error=_clipped(broken_after or short.get("error")),
        hint=_clipped(short.get("hint")),
        layer="" if verdict == "passed" else str(summary.get("first_broken_layer") or "none named"),
        failures=failures,
        left_out=f"… and {count(left_out, 'more failing check')}: see the report or summary.json." if left_out else "",
        not_judged=unjudged,
        not_told=f"… and {count(others, 'more check')} not judged: see the report or summary.json." if others else "",
        entities=(entities, involved[:_MOST_ENTITIES], max(len(involved) - _MOST_ENTITIES, 0)),
        recovered=recovered and {
            "run_id": recovered.run_id,
            "which": "The run before" if recovered.is_last else "An earlier run",
            "was": "failed" if recovered.verdict == "failed" else "could not be judged",
            "layer": recovered.first_broken_layer,
            "failed": recovered.failed[:_MOST_CHECKS],
            "left_out": max(len(recovered.failed) - _MOST_CHECKS, 0),
        },
        rerun=str(summary["rerun"]),
        links=links,
        notices=[note, *short["notices"]] if note else short["notices"],
        facts=_facts(summary),
    )  # fmt: skip


def render_unpublished(dag_run_id: str, *, reason: str, where: str, links: Links = (), note: str = "") -> Mail:
    """Return the mail of a DAG run that ended before a verdict was published. `where` says what there is to look at."""
    return _mail(
        _one_line(f"[streamproof] {dag_run_id}: no verdict"),
        tone="error",
        title="No verdict",
        headline=f"DAG run {dag_run_id} failed before a verdict was published.",
        why="Why",
        error=reason,
        hint=where,
        links=links,
        notices=[note] if note else [],
        facts=[("DAG run", dag_run_id)],
    )


def _mail(subject: str, **values: Any) -> Mail:
    nothing: dict[str, Any] = {
        "layer": "", "failures": [], "left_out": "", "not_judged": [], "not_told": "", "entities": ("", (), 0),
        "recovered": None, "rerun": "",
    }  # fmt: skip
    given = {**nothing, **values, "subject": subject}
    return Mail(
        subject=subject,
        html=render("mail.html.j2", escape=True, **given),
        text=render("mail.txt.j2", escape=False, **given),
    )


def _failure(failure: Mapping[str, Any]) -> dict[str, str]:
    shown = {name: value for name, value in (failure.get("diagnostics") or {}).items() if name != "why"}
    return {
        "name": f"{failure['suite']}.{failure['name']}",
        "rows": count(whole(failure["failed_rows"]), "failed row"),
        "meaning": _first_sentences(str(failure.get("meaning") or "")),
        "diagnostics": _clipped(diagnostics(shown), _LONGEST_DIAGNOSTICS),
    }


def _unjudged(check: Mapping[str, Any]) -> dict[str, str]:
    return {"name": f"{check['suite']}.{check['name']}", "error": _clipped(check.get("error"))}


def _facts(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = [(name, _clipped(value)) for name, value in facts(summary) if name != "First broken layer"]
    return [*found, ("Folder", str(summary["folder"]))]


def _entities(failures: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the entities that failed checks name, each once."""
    return list(dict.fromkeys(str(one) for failure in failures for one in failure.get("sessions") or ()))


def _clipped(text: object, longest: int = _LONGEST) -> str:
    shown = "" if text is None else str(text)
    return shown if len(shown) <= longest else f"{shown[:longest]}…"


def _first_sentences(text: str) -> str:
    """Return as many whole sentences as fit. A text that a short summary has cut ends within a sentence."""
    if len(text) <= _LONGEST_MEANING and not text.endswith("…"):
        return text
    end = text.rfind(". ", 0, _LONGEST_MEANING)
    return text[: end + 1] if end > 0 else _clipped(text, _LONGEST_MEANING)


def _title(verdict: str, recovered: Recovered | None, broken_after: str) -> str:
    if broken_after:
        return "DAG run failed"
    return "Passes again" if recovered else _TITLES.get(verdict, "Not judged")


def _subject(summary: Mapping[str, Any], recovered: Recovered | None, broken_after: str) -> str:
    verdict, pack = summary["verdict"], summary["pack"]
    if broken_after:
        return _one_line(f"[streamproof] {pack}: all checks hold, and the DAG run failed: {broken_after}")
    if recovered:
        told = headline(summary).rstrip(".")
        return _one_line(f"[streamproof] {pack} passes again: {told[:1].lower()}{told[1:]}")
    failed = whole(summary["checks"]["failed"])
    parts = [f"[streamproof] {pack} {verdict}"]
    if summary.get("first_broken_layer"):
        parts.append(f"first broken layer {summary['first_broken_layer']}")
    parts.append(f"{count(failed, 'check')} failed" if failed else str(summary.get("error") or "all checks hold"))
    return _one_line(": ".join([parts[0], ", ".join(parts[1:])]))


def _one_line(text: str) -> str:
    """Return a subject: no line break, which would begin another header, and no more than a phone shows in part."""
    subject = writable(" ".join(text.split()))
    return subject if len(subject) <= _MAX_SUBJECT else f"{subject[: _MAX_SUBJECT - 1]}…"
