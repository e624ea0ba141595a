"""How values read."""

from __future__ import annotations

import pytest

from streamproof.model.results import CheckResult, Status
from streamproof.report.formatting import commit, count, diagnostics, duration, headline, seen, value


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 ms"), (0.021, "21 ms"), (0.48, "0.48 s"), (11.24, "11.2 s"), (59.96, "1 min 00 s"), (127, "2 min 07 s")],
)
def test_durations(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("described", "text"),
    [
        ("0d4c9a1f" * 5, "0d4c9a1f0d4c"), (f"{'0d4c9a1f' * 5}+changes", "0d4c9a1f0d4c+changes"), ("unknown", "unknown"),
        ("", ""), (f"x+{'y' * 99}", f"x+{'y' * 12}"),
    ],
)  # fmt: skip
def test_a_commit_keeps_the_mark_of_uncommitted_changes(described, text):
    assert commit(described) == text


def test_counts_and_values():
    assert count(1, "check") == "1 check"
    assert count(1204, "row") == "1,204 rows"
    assert value("as it is") == "as it is"
    assert value(None) == "null"
    assert diagnostics({"missing": 3, "extra": 0, "skip_reason": "", "sessions": []}) == "missing=3, extra=0"
    assert diagnostics({"missing": 3, "ids": ["a"], "note": "ü"}) == 'missing=3, ids=["a"], note=ü'


@pytest.mark.parametrize(
    ("verdict", "checks", "layer", "text"),
    [
        ("passed", (1, 1, 0), None, "The one check holds."),
        ("passed", (4, 4, 0), None, "All 4 checks hold."),
        ("failed", (4, 3, 1), "typed", "1 of 4 checks does not hold. The first broken layer is typed."),
        ("failed", (4, 2, 2), None, "2 of 4 checks do not hold."),
        ("error", (0, 0, 0), None, "The run could not be judged: no check ran."),
        ("error", (4, 3, 1), None, "The run could not be judged; of 4 checks, 3 passed and 1 failed."),
    ],
)
def test_headlines(verdict, checks, layer, text):
    total, passed, failed = checks
    counts = {"total": total, "passed": passed, "failed": failed}
    assert headline({"verdict": verdict, "checks": counts, "first_broken_layer": layer}) == text


@pytest.mark.parametrize(
    ("status", "values", "error", "text"),
    [
        (Status.PASSED, {"rows": 3, "lost": 0, "ids": [], "skip_reason": ""}, None, "rows=3, lost=0"),
        (Status.SKIPPED, {"rows": 0, "skip_reason": "no rejects are planted"}, None, "no rejects are planted"),
        (Status.SKIPPED, {"needs": "a payment event"}, None, "needs a payment event"),
        (Status.SKIPPED, {}, None, "nothing to judge"),
        (Status.ERRORED, {"rows": 3}, "no such table", "no such table"),
    ],
)
def test_what_a_check_has_seen(status, values, error, text):
    assert seen(CheckResult("s", "n", status, diagnostics=values, error=error)) == text
