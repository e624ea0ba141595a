"""Write values of a warehouse or a fixture as JSON. Any value can be written."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import orjson

_OPTIONS = orjson.OPT_NON_STR_KEYS
_SIGNED, _UNSIGNED = -(2**63), 2**64
# orjson refuses more than 254 levels, and Python's recursion is limited too.
_DEEPEST = 100


def to_json(data: object, *, indent: bool = True) -> bytes:
    """Return JSON in UTF-8. Values that JSON or its common readers cannot represent are written as text.

    These are integers of more than 64 bits (a reader would turn them into floats and lose digits), and values of other
    types. A single surrogate is written as its escape. Values nested deeper than 100 levels are left out.
    """
    options = _OPTIONS | (orjson.OPT_INDENT_2 if indent else 0)
    try:
        return orjson.dumps(data, option=options, default=str)
    except TypeError:
        return orjson.dumps(_tame(data, 0), option=options, default=str)


def _tame(value: Any, depth: int) -> Any:
    if isinstance(value, Mapping | list | tuple) and depth >= _DEEPEST:
        return "… nested deeper than 100 levels"
    match value:
        case Mapping():
            return {_key(key): _tame(entry, depth + 1) for key, entry in value.items()}
        case list() | tuple():
            return [_tame(entry, depth + 1) for entry in value]
        case str():
            return _text(value)
        case int() if not isinstance(value, bool):
            return plain_integer(value)
        case _:
            return value


def _key(key: Any) -> Any:
    return _text(key) if isinstance(key, str) else plain_integer(key) if isinstance(key, int) else _tame(key, 0)


def plain_integer(number: int) -> int | str:
    """Return an integer as JSON data; one of more than 64 bits becomes text."""
    return number if _SIGNED <= number < _UNSIGNED else str(number)


def plain_float(number: float) -> float | str:
    """Return a float as JSON data; `nan` and `inf` become text, because JSON has no such numbers."""
    return number if math.isfinite(number) else str(number)


def _text(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
