"""Readers of payload values by type. They refuse a value that its column cannot store, so that no insert fails later.

Every reader takes the enclosing object and a key. Absent and null are the same. A FieldError names the key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from pipelines.livepeer.errors import FieldError
from pipelines.livepeer.reading import BLANKS

# The last millisecond of the warehouse's Date type, 2149-06-06 UTC: later times have no partition.
MAX_MS = 5_662_310_399_999
MAX_I64 = 2**63 - 1
MAX_FLOAT32 = 3.4028234663852886e38
_EMPTY: dict[str, Any] = {}


def loose_text(value: object) -> str:
    """Return a scalar as text (numbers and booleans as JSON writes them); null, arrays and objects are `""`."""
    if type(value) is str:
        return value
    if value is None or isinstance(value, dict | list):
        return ""
    return orjson.dumps(value).decode()


def is_blank(value: object) -> bool:
    """Return whether a required value is missing: absent, null, or text of blanks only."""
    return value is None or (type(value) is str and not value.strip())


def parse_millis(value: object) -> int | None:
    """Read epoch milliseconds: a JSON number (fraction cut off) or a string of ASCII digits. Anything else is None.

    Negative numbers and numbers beyond 64 bits are None as well.
    """
    if type(value) is str:
        digits = value.strip(BLANKS)
        if not (digits.isascii() and digits.isdigit()):
            return None
        digits = digits.lstrip("0") or "0"
        millis = int(digits) if len(digits) <= 19 else -1
    elif type(value) is int or type(value) is float:
        millis = int(value)
    else:
        return None
    return millis if 0 <= millis <= MAX_I64 else None


def moment(millis: int) -> str:
    """Format epoch milliseconds for an exact insert: ten digits of seconds, a dot, three digits of milliseconds.

    Raises FieldError for a time after 2149-06-06, where the warehouse's dates end.
    """
    if millis > MAX_MS:
        raise FieldError(f"time {millis} ms is outside 1970 to 2149")
    digits = f"{millis:013d}"
    return f"{digits[:10]}.{digits[10:]}"


def optional_moment(holder: Mapping[str, Any], key: str) -> str | None:
    """Return a payload time in the warehouse's form; None when absent or unparseable."""
    millis = parse_millis(holder.get(key))
    return None if millis is None else moment(millis)


def text(holder: Mapping[str, Any], key: str) -> str:
    """Return text as received, a number or boolean as JSON writes it, `""` when absent. Refuses arrays and objects."""
    value = holder.get(key)
    if type(value) is str:
        return value
    if isinstance(value, dict | list):
        raise _refused(key, "text", value)
    return loose_text(value)


def optional_text(holder: Mapping[str, Any], key: str) -> str | None:
    """Return free text, None when absent. Some producers send structured prompts, which are stored as JSON text."""
    value = holder.get(key)
    if value is None or type(value) is str:
        return value
    return orjson.dumps(value).decode()


def child(holder: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return a nested object, an empty one when absent. Refuses anything else."""
    value = holder.get(key)
    if type(value) is dict:
        return value
    if value is None:
        return _EMPTY
    raise _refused(key, "an object", value)


def children(holder: Mapping[str, Any], key: str) -> list[Any]:
    """Return a nested array, an empty one when absent. Refuses anything else."""
    value = holder.get(key)
    if type(value) is list:
        return value
    if value is None:
        return []
    raise _refused(key, "an array", value)


def entry(value: object, key: str) -> dict[str, Any]:
    """Return an item of an array, or a value of an object, as an object. Refuses anything else."""
    if type(value) is dict:
        return value
    raise _refused(key, "an object", value)


def float32(holder: Mapping[str, Any], key: str) -> float:
    """Return a number that a 32-bit float can hold, 0 when absent. Refuses text and booleans."""
    value = holder.get(key)
    if type(value) is float or type(value) is int:
        if -MAX_FLOAT32 <= value <= MAX_FLOAT32:
            return value
    elif value is None:
        return 0.0
    raise _refused(key, "a 32-bit float", value)


def optional_integer(holder: Mapping[str, Any], key: str, low: int, high: int) -> int | None:
    """Return a whole number within [low, high], None when absent. Refuses text, fractions and numbers outside."""
    value = holder.get(key)
    if value is None:
        return None
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is int and low <= value <= high:
        return value
    raise _refused(key, f"a whole number from {low} to {high}", value)


def unsigned(holder: Mapping[str, Any], key: str, bits: int) -> int:
    """Return an unsigned whole number of at most `bits` bits, 0 when absent."""
    value = holder.get(key)
    if type(value) is int and 0 <= value < 1 << bits:
        return value
    return optional_integer(holder, key, 0, (1 << bits) - 1) or 0


def optional_unsigned(holder: Mapping[str, Any], key: str, bits: int) -> int | None:
    """Return an unsigned whole number of at most `bits` bits, None when absent."""
    return optional_integer(holder, key, 0, (1 << bits) - 1)


def optional_int32(holder: Mapping[str, Any], key: str) -> int | None:
    """Return a signed 32-bit whole number, None when absent."""
    return optional_integer(holder, key, -(1 << 31), (1 << 31) - 1)


def optional_int64(holder: Mapping[str, Any], key: str) -> int | None:
    """Return a signed 64-bit whole number, None when absent."""
    return optional_integer(holder, key, -MAX_I64 - 1, MAX_I64)


def _refused(key: str, wanted: str, value: object) -> FieldError:
    shown = repr(value)[:80] if not isinstance(value, dict | list) else type(value).__name__
    return FieldError(f"{key}: expected {wanted}, got {shown}")
