"""The values of an Arrow column as Python has them. Knows no more of Arrow than its arrays offer."""

from __future__ import annotations

from typing import Any


def python_values(column: Any) -> list[Any]:
    """Return the values of an array; a time or a date outside of the years 1 to 9999 as text.

    Python has no such times, and Arrow has.
    """
    try:
        return list(column.to_pylist())
    except OverflowError:
        return [_one(scalar) for scalar in column]


def _one(scalar: Any) -> Any:
    try:
        return scalar.as_py()
    except OverflowError:
        return str(scalar.cast("string"))
