"""What a Kafka value holds, by the rules of tests/unit/values/cases.yaml; of two equal keys the last counts."""

from __future__ import annotations

import json
import math
import re
from itertools import accumulate
from typing import Any, NamedTuple

# How many objects and arrays may stand in each other, the envelope included.
MAX_LEVELS = 200


class Reading(NamedTuple):
    """What a Kafka value holds: its text and the JSON value in it, or why it cannot be read (then the text is "")."""

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
            # Half of a surrogate pair is no character: JSON texts with one are not Unicode.
            json.dumps(root, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        # Rejected, which is the answer: an event that cannot be read contributes nothing to any session.
        return Reading("", None, "not JSON")
    return Reading(raw, root)


def _nests_too_deep(raw: str) -> bool:
    """Tell whether a text has more levels than MAX_LEVELS, be it JSON or not; most have not even so many brackets."""
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
