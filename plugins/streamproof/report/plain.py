"""A plain report for the case that the real one cannot be rendered: verdict, failures, and the reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from streamproof.report.formatting import headline, writable

_WHERE = "Everything that the run found is in summary.json and in stages/; the traceback is in harness.log."


def render_plain(name: str, summary: Mapping[str, Any], why: str) -> str:
    """Return the plain content for a report's file name: `.md`, `.html` or `.xml` (JUnit). It does not raise.

    `why` is the reason why the real report could not be rendered.
    """
    lines = [writable(line) for line in _lines(name, summary, why)]
    if name.endswith(".html"):
        return f'<!DOCTYPE html>\n<meta charset="utf-8">\n<pre>{escape(chr(10).join(lines))}</pre>\n'
    return _junit(summary, lines) if name.endswith(".xml") else "".join(f"    {line}\n" for line in lines)


def _lines(name: str, summary: Mapping[str, Any], why: str) -> Iterator[str]:
    yield f"{summary['verdict']}: {headline(summary)}"
    yield f"{name} cannot be rendered: {why}"
    yield _WHERE
    for failure in summary["failures"]:
        yield f"failed: {failure['suite']}.{failure['name']}"
    for check in summary["not_judged"]:
        yield f"not judged: {check['suite']}.{check['name']}"


def _junit(summary: Mapping[str, Any], lines: list[str]) -> str:
    failed = len(summary["failures"])
    cases = [_case(check, "failure") for check in summary["failures"]]
    cases += [_case(check, "error") for check in summary["not_judged"]]
    cases.append(f'<testcase name="junit.xml" classname="streamproof"><error message="{escape(lines[1])}"/></testcase>')
    counts = f'tests="{len(cases)}" failures="{failed}" errors="{len(cases) - failed}" skipped="0"'
    body = "\n".join(cases)
    return (
        f"<?xml version='1.0' encoding='utf-8'?>\n<testsuites {counts}>\n"
        f'<testsuite name="streamproof" {counts}>\n{body}\n</testsuite>\n</testsuites>\n'
    )


def _case(check: Mapping[str, Any], tag: str) -> str:
    name = escape(writable(f"{check['suite']}.{check['name']}"))
    return f'<testcase name="{name}" classname="streamproof"><{tag} message="see summary.json"/></testcase>'
