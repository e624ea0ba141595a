"""Workflow commands by which GitHub shows a run's failed checks beside the lines of their files.

Form and escapes: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from streamproof.report.formatting import count, diagnostics, headline, whole, writable

# GitHub shows 10 errors and 10 warnings of a step. The last error is the verdict.
MOST = 10
_LONGEST = 2000


def github_annotations(summary: Mapping[str, Any], locate: Callable[[str], str | None]) -> list[str]:
    """Return one line an annotation: failed checks, checks that could not be judged, the verdict, then notices.

    `locate` returns the path of a check's file from the root of its repository, None for a file outside of one. GitHub
    shows no more than 10 errors of a step, so later checks are only counted, on the line of the verdict. A run that
    passed has one `notice` instead of errors.
    """
    checks = [*(summary.get("failures") or ()), *(summary.get("not_judged") or ())]
    shown = checks[: MOST - 1]
    lines = [_of_check(check, locate) for check in shown]
    lines.append(_of_verdict(summary, len(checks) - len(shown)))
    return lines + [_command("warning", told, title="streamproof notice") for told in _notices(summary)]


def _notices(summary: Mapping[str, Any]) -> list[str]:
    """Return as many notices as are shown. When there are more, the last one counts them."""
    notices = [str(notice) for notice in summary.get("notices") or ()]
    if len(notices) <= MOST:
        return notices
    return [*notices[: MOST - 1], f"{count(len(notices) - MOST + 1, 'more notice')}: see summary.json."]


def _of_check(check: Mapping[str, Any], locate: Callable[[str], str | None]) -> str:
    name = f"{check['suite']}.{check['name']}"
    if check.get("error"):
        title, told = f"{name} could not be judged", [str(check["error"])]
    else:
        title = f"{name}: {count(whole(check.get('failed_rows')), 'failed row')}"
        told = [str(check.get("meaning") or ""), diagnostics(check.get("diagnostics") or {})]
    where = {}
    if (path := locate(str(check.get("source_file") or ""))) is not None:
        where = {"file": path, "line": str(whole(check.get("line")) or 1)}
    return _command("error", "\n".join(filter(None, told)) or title, **where, title=title)


def _of_verdict(summary: Mapping[str, Any], left_out: int) -> str:
    passed = summary["verdict"] == "passed"
    told = [headline(summary)]
    if left_out:
        told.append(f"{count(left_out, 'more check')}: see summary.json.")
    if not passed:
        told += [str(summary.get("error") or ""), str(summary.get("hint") or ""), f"Rerun: {summary['rerun']}"]
    title = f"streamproof {summary['pack']}: {summary['verdict']}"
    return _command("notice" if passed else "error", "\n".join(filter(None, told)), title=title)


def _command(level: str, message: str, **properties: str) -> str:
    given = ",".join(f"{name}={_property(text)}" for name, text in properties.items())
    text = message if len(message) <= _LONGEST else f"{message[:_LONGEST]}…"
    return f"::{level} {given}::{_data(text)}"


def _data(text: str) -> str:
    return writable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
