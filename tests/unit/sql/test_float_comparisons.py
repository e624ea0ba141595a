"""No assertion compares floats in a way that NaN passes: `abs(a - b) > x` is false for NaN, and so is `max` over it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ASSERTIONS = Path(__file__).resolve().parents[3] / "include" / "sql"
FILES = sorted(ASSERTIONS.glob("*/assertions/**/*.sql"))
# A distance that a larger one is asked of; and a limit of a share or a rate, asked from above.
PASSED_BY_NAN = re.compile(r"(?<!NOT \()\babs\((?:[^()]|\([^()]*\))*\)\s*>|\w*(?:ratio|rate|score|fps)\s*>=?\s*\d*\.\d")


def judged(text: str) -> str:
    """Return the SQL that judges: without comments and without what mutations do."""
    return re.sub(r"--[^\n]*", "", text.split("-- MUTATION", 1)[0])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_comparison_is_passed_by_nan(file):
    assert PASSED_BY_NAN.findall(judged(file.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("sql", "is_passed"),
    [
        ("abs(a - b) > 1e-6", True),
        ("ifNull(abs(a - b * (1 - c)) > 1e-6, 0)", True),
        ("ifNull(capacity_rate > 1.5, 0)", True),
        ("NOT (abs(a - b) <= 1e-6)", False),
        ("if(isFinite(a - b), abs(a - b), inf) AS diff", False),
        ("abs(toInt64(a) - toInt64(b)) AS diff", False),
    ],
)
def test_the_pattern_finds_what_nan_passes(sql, is_passed):
    assert bool(PASSED_BY_NAN.search(sql)) is is_passed
