"""Readers of JSON values for typed columns: one reader per type of column.

A reader takes the parsed value, None for an absent one (absent and null are the same everywhere), and returns the value
of the column. It raises ColumnValueError for a value that the column cannot store; the contract rejects such a record.
JSON values have exactly the types that the parser creates, so types are compared for identity.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from packs.livepeer.oracle.canonical import number_text, written
from packs.livepeer.oracle.values import LAST_MS, epoch_ms, iso

Reader = Callable[[Any], Any]

EPOCH = "1970-01-01T00:00:00.000Z"

_FLOAT32_MAX = 3.4028234663852886e38
_INT32 = 1 << 31


class ColumnValueError(ValueError):
    """A value that its column cannot store, or a value of another type where an object or array is required."""


def column_text(value: Any) -> str:
    """Return a scalar as text, numbers and booleans as JSON writes them, `""` for none."""
    if type(value) is str:
        return value
    if value is None:
        return ""
    if type(value) is dict or type(value) is list:
        raise ColumnValueError("not a scalar")
    return number_text(value)


def free_text(value: Any) -> str | None:
    """Return text unchanged, None if absent, and anything else as compact JSON (some producers send structures)."""
    if value is None or type(value) is str:
        return value
    return written(value)


def message(value: Any) -> str:
    """Return free text of a column that is not nullable."""
    return free_text(value) or ""


def wallet(value: Any) -> str:
    """Return an address in the form in which it is stored: trimmed and in lower case."""
    return column_text(value).strip().lower()


def float32(value: Any) -> float:
    """Return a number unchanged, 0 if absent. Raises ColumnValueError beyond 32-bit floats."""
    if value is None:
        return 0.0
    if type(value) in (int, float) and -_FLOAT32_MAX <= value <= _FLOAT32_MAX:
        number: float = value
        return number
    raise ColumnValueError("not a 32-bit float")


def _whole(low: int, high: int, absent: int | None) -> Reader:
    """Return the reader of whole numbers within [low, high]; 3.0 is whole."""

    def read(value: Any) -> int | None:
        if value is None:
            return absent
        if type(value) in (int, float) and low <= value <= high and value == int(value):
            whole = int(value)
            # A float may compare equal to the limit although its exact value is above it.
            if low <= whole <= high:
                return whole
        raise ColumnValueError(f"no whole number from {low} to {high}")

    return read


def unsigned(bits: int, *, nullable: bool = False) -> Reader:
    """Return the reader of unsigned whole numbers of `bits` bits. An absent one is 0, null in a nullable column."""
    return _whole(0, (1 << bits) - 1, None if nullable else 0)


int32 = _whole(-_INT32, _INT32 - 1, None)
int64 = _whole(-(1 << 63), (1 << 63) - 1, None)


def warm(bits: int) -> Reader:
    """Return the reader of the flag `warm`: a boolean, or an unsigned whole number of `bits` bits."""
    read = unsigned(bits, nullable=True)
    return lambda value: int(value) if type(value) is bool else read(value)


def time(value: Any) -> str | None:
    """Return a time in ISO-8601; None for an absent or unreadable one. One beyond the warehouse's dates is refused."""
    milliseconds = epoch_ms(value)
    if milliseconds is not None and milliseconds > LAST_MS:
        raise ColumnValueError("a time after 2149")
    return iso(milliseconds)


def positive_time(value: Any) -> str | None:
    """Return a time in ISO-8601; the epoch itself counts as absent."""
    moment = time(value)
    return None if moment == EPOCH else moment


def time_or_epoch(value: Any) -> str:
    """Return a time of a column that is not nullable."""
    return time(value) or EPOCH


def child(holder: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the object under a key, an empty one if absent. Refuses anything else."""
    value = holder.get(name)
    return {} if value is None else as_object(value)


def children(holder: dict[str, Any], name: str) -> list[Any]:
    """Return the array under a key, an empty one if absent. Refuses anything else."""
    value = holder.get(name)
    if value is None:
        return []
    if type(value) is not list:
        raise ColumnValueError(f"{name} is no array")
    return value


def as_object(value: Any) -> dict[str, Any]:
    """Return a value that must be an object."""
    if type(value) is not dict:
        raise ColumnValueError("not an object")
    return value


def offers(data: Any) -> Iterator[dict[str, Any]]:
    """Yield the orchestrator objects of a capability payload: an array of them, or one; others are skipped."""
    return (offer for offer in (data if isinstance(data, list) else [data]) if isinstance(offer, dict) and offer)


def is_capability_id(name: str) -> bool:
    """Return whether a key is a capability id: digits of a 32-bit number. Other keys are skipped."""
    return name.isascii() and name.isdigit() and len(name) <= 10 and int(name) < _INT32
