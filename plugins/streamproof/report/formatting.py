"""Render values as text for every report: numbers, durations, counts, diagnostics, the headline."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from streamproof.model.results import CheckResult, Status

# Values that are left out of diagnostics. Zero is shown, because it is information.
_EMPTY: tuple[Any, ...] = ("", None, [], {})
# Characters of a commit that are shown.
_COMMIT = 12


# Characters that XML 1.0 or UTF-8 cannot hold: control characters, and halves of surrogate pairs.
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def writable(text: str) -> str:
    """Return the text with every character that a report cannot hold replaced."""
    return _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def whole(item: Any) -> int:
    """Return a count as an integer; 0 for a value that is not a finite number."""
    is_count = isinstance(item, int) or (isinstance(item, float) and math.isfinite(item))
    return int(item) if is_count else 0


def number(item: Any) -> str:
    """Render a number as 1,204; any other value (None, the text `inf`) as `value` does."""
    if isinstance(item, bool) or not isinstance(item, int | float):
        return value(item)
    try:
        return f"{item:,}"
    except ValueError:  # Python does not print integers of more than 4,300 digits
        return _too_long(item)


def decimal(item: Any) -> str:
    """Render a number with two decimals, None as a dash, and any other value as `value` does."""
    if item is None:
        return "\N{EN DASH}"
    is_number = isinstance(item, int | float) and not isinstance(item, bool)
    try:
        return f"{item:.2f}" if is_number else value(item)
    except OverflowError:
        return number(item)


def _too_long(item: Any) -> str:
    return f"integer of {item.bit_length()} bits" if isinstance(item, int) else repr(type(item).__name__)


def duration(seconds: float) -> str:
    """Render seconds as 340 ms, 11.2 s or 2 min 07 s."""
    if not isinstance(seconds, int | float) or not math.isfinite(seconds):
        return value(seconds)
    if seconds < 0.0995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 9.95:
        return f"{seconds:.2f} s"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"


def commit(described: Any) -> str:
    """Render a commit as Git describes it in short, with the mark of uncommitted changes: 0d4c9a1f6f6f+changes."""
    plain, plus, mark = str(described).partition("+")
    return f"{plain[:_COMMIT]}{plus}{mark[:_COMMIT]}"


def count(amount: int, noun: str) -> str:
    """Render a number with its noun: 1 check, 1,204 checks."""
    return f"{number(amount)} {noun}{'' if amount == 1 else 's'}"


def value(item: Any) -> str:
    """Render any JSON value on one line; text stays as it is."""
    if isinstance(item, str):
        return item
    try:
        return json.dumps(item, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):
        # JSON cannot hold it: a key that is not text, an integer of thousands of digits, a list that contains itself.
        return _too_long(item) if isinstance(item, int) else f"a {type(item).__name__} that has no text"


def diagnostics(values: Mapping[str, Any]) -> str:
    """Render diagnostics that are not empty on one line: `missing=3, first_id=ab12`."""
    return ", ".join(f"{name}={value(item)}" for name, item in values.items() if item not in _EMPTY)


def seen(check: CheckResult) -> str:
    """Return the result of a check on one line: its error, why it was skipped, or its non-empty diagnostics."""
    if check.error:
        return check.error
    values = check.diagnostics
    if check.status is Status.SKIPPED:
        reason = values.get("skip_reason") or values.get("needs")
        return f"needs {reason}" if values.get("needs") else str(reason or "nothing to judge")
    return diagnostics(values)


def headline(summary: Mapping[str, Any]) -> str:
    """Return the verdict in one or two sentences."""
    checks = summary.get("checks") or {}
    total, passed, failed = (whole(checks.get(key)) for key in ("total", "passed", "failed"))
    if summary.get("verdict") == "passed":
        return f"All {count(total, 'check')} hold." if total != 1 else "The one check holds."
    if summary.get("verdict") == "failed":
        layer = summary.get("first_broken_layer")
        verb = "does" if failed == 1 else "do"
        tail = f" The first broken layer is {layer}." if layer else ""
        return f"{failed:,} of {count(total, 'check')} {verb} not hold.{tail}"
    if not total:
        return "The run could not be judged: no check ran."
    return f"The run could not be judged; of {count(total, 'check')}, {passed:,} passed and {failed:,} failed."
