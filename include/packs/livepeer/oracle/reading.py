"""Which Kafka values hold an object, by the rules of tests/unit/values/cases.yaml; of equal keys the last counts."""

from __future__ import annotations

import json
import math
import re
from itertools import accumulate
from typing import Any

# How many objects and arrays may stand in each other, the envelope included.
MAX_LEVELS = 200


def envelope_of(value: bytes | None) -> tuple[str, dict[str, Any] | None]:
    """Return the text and its JSON object; None in its place for whatever is not exactly that."""
    if value is None:
        return "", None
    try:
        raw = value.decode("utf-8")
        parsed = _JSON.decode(raw)
        if "\\u" in raw:
            # Half of a surrogate pair is no character: JSON texts with one are not Unicode.
            json.dumps(parsed, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        # Rejected, which is the answer: an event that cannot be read contributes nothing to any session.
        return "", None
    return raw, parsed if isinstance(parsed, dict) and not _nests_too_deep(raw) else None


def _nests_too_deep(raw: str) -> bool:
    """Tell whether a JSON text has more levels than MAX_LEVELS; most have not even so many brackets."""
    if raw.count("[") + raw.count("{") <= MAX_LEVELS:
        return False
    steps = (1 if bracket in "[{" else -1 for bracket in _BRACKET_OR_TEXT.findall(raw) if bracket[0] != '"')
    return max(accumulate(steps)) > MAX_LEVELS


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
