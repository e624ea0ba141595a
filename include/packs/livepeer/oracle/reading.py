"""Reads a Kafka value by the rules of tests/unit/values/cases.yaml. The last of two equal keys counts."""

from __future__ import annotations

import json
import math
import re
from itertools import accumulate
from typing import Any, NamedTuple

# The maximal nesting of objects and arrays, the envelope included.
MAX_LEVELS = 200


class Reading(NamedTuple):
    """The text of a Kafka value and its JSON value, or the reason why it cannot be read (the text is then "")."""

    raw: str
    root: Any
    problem: str = ""


def read_value(value: bytes | None) -> Reading:
    """Read a Kafka value; a null one cannot be read."""
    try:
        raw = (value or b"").decode("utf-8")
        if _nests_too_deep(raw) and not raw.startswith("\ufeff"):
            return Reading("", None, f"nested deeper than {MAX_LEVELS} levels")
        root = _JSON.decode(raw)
        if "\\u" in raw:
            # This raises for half of a surrogate pair, which is not a character.
            json.dumps(root, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        # Unreadable values are rejected, so the event contributes nothing to any session.
        return Reading("", None, "not JSON")
    return Reading(raw, root)


def _nests_too_deep(raw: str) -> bool:
    """Return whether a text, JSON or not, nests deeper than MAX_LEVELS. Most texts have fewer brackets than that."""
    if raw.count("[") + raw.count("{") <= MAX_LEVELS:
        return False
    steps = (1 if bracket in "[{" else -1 for bracket in _BRACKET_OR_TEXT.findall(raw) if bracket[0] != '"')
    return max(accumulate(steps), default=0) > MAX_LEVELS


def _refuse(constant: str) -> None:
    """Refuse NaN and Infinity, which are not JSON. Raises ValueError."""
    raise ValueError(f"{constant} is not JSON")


def _fraction(digits: str) -> float:
    """Return a number with a fraction or an exponent. Raises ValueError for one that is too large."""
    value = float(digits)
    if math.isinf(value):
        raise ValueError("a number exceeds what a 64-bit float holds")
    return value


def _integer(digits: str) -> int | float:
    """Return an integer; one beyond 64 bits as the nearest float. Raises ValueError for one that is too large."""
    if len(digits) < 19 or -(1 << 63) <= int(digits[:40]) < 1 << 64:
        return int(digits)
    return _fraction(digits)


_JSON = json.JSONDecoder(parse_constant=_refuse, parse_float=_fraction, parse_int=_integer)
_BRACKET_OR_TEXT = re.compile(r'[\[\]{}]|"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
