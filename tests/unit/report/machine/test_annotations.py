"""Annotations of GitHub: one line each, escaped, no more than are shown."""

from __future__ import annotations

import re

import pytest

from streamproof.report.machine.annotations import github_annotations

CHECK = {
    "suite": "raw_typed", "name": "typed_counts", "failed_rows": 2, "diagnostics": {"missing": 3, "none": None},
    "source_file": "sql/typed_counts.sql", "line": 5, "meaning": "An event is lost.",
}  # fmt: skip


def annotated(*, failures: int = 1, not_judged: int = 0, **changes: object) -> list[str]:
    unjudged = {"suite": "api", "name": "parity", "error": "no table", "source_file": "sql/parity.sql", "line": 7}
    summary = {
        "pack": "p", "verdict": "failed", "checks": {"total": 20, "passed": 20 - failures, "failed": failures},
        "failures": [CHECK] * failures, "not_judged": [unjudged] * not_judged, "first_broken_layer": "typed",
        "rerun": "streamproof run", "error": None, "hint": None, "notices": [], **changes,
    }  # fmt: skip
    return github_annotations(summary, lambda source: f"repo/{source}" if source else None)


def test_a_failed_check_is_an_error_on_its_line_and_the_verdict_comes_last():
    check, unjudged, verdict = annotated(not_judged=1)
    assert check == (
        "::error file=repo/sql/typed_counts.sql,line=5,title=raw_typed.typed_counts%3A 2 failed rows::"
        "An event is lost.%0Amissing=3"
    )
    assert unjudged == "::error file=repo/sql/parity.sql,line=7,title=api.parity could not be judged::no table"
    assert verdict == (
        "::error title=streamproof p%3A failed::1 of 20 checks does not hold. The first broken layer is typed.%0A"
        "Rerun: streamproof run"
    )


def test_github_shows_ten_so_the_tenth_counts_the_rest():
    lines = annotated(failures=12, not_judged=2)
    assert len(lines) == 10
    assert [line.partition("title=")[2][:9] for line in lines[:9]] == ["raw_typed"] * 9
    assert "5 more checks: see summary.json." in lines[9]
    assert len(annotated(failures=9)) == 10


def test_a_run_that_passed_is_a_notice_and_what_it_notices_are_warnings():
    lines = annotated(failures=0, verdict="passed", notices=["be careful"] * 12)
    assert lines[0] == "::notice title=streamproof p%3A passed::All 20 checks hold."
    assert lines[1:10] == ["::warning title=streamproof notice::be careful"] * 9
    assert lines[10:] == ["::warning title=streamproof notice::3 more notices: see summary.json."]


def test_ten_notices_are_all_shown():
    lines = annotated(failures=0, verdict="passed", notices=["be careful"] * 10)
    assert lines[1:] == ["::warning title=streamproof notice::be careful"] * 10


def test_an_error_run_says_why():
    [verdict] = annotated(failures=0, verdict="error", error="no broker", hint="look there", checks={"total": 0})
    assert "no broker%0Alook there" in verdict


@pytest.mark.parametrize(
    "hostile", ["a\n::error::b", "a\r\n::stop-commands::x", "%0A", "\x1b[0m\x00\ud800", "y" * 9000]
)
def test_no_text_ends_its_line_or_its_property(hostile):
    check = {**CHECK, "suite": hostile, "meaning": hostile, "source_file": f"{hostile},line=9::x"}
    lines = annotated(failures=0, failures_=0, verdict="failed", rerun=hostile, pack=hostile, error=hostile)
    lines += github_annotations(
        {"pack": "p", "verdict": "failed", "checks": {}, "failures": [check], "rerun": ""}, lambda source: source
    )
    for line in lines:
        line.encode()
        assert re.fullmatch(r"::(error|notice|warning) (\w+=[^,:]*)(,\w+=[^,:]*)*::[^\r\n\x00\x1b]*", line), line
        assert len(line) < 30_000
