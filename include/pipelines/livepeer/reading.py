"""Reads a Kafka value as JSON, and the id of its envelope.

The rules are those of tests/unit/values/cases.yaml, which the raw layer, the oracle and the replay follow as well. When
a key occurs twice, the last value counts.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

# Real events nest less than 20 levels. All readers support this depth, and orjson can also write it.
MAX_DEPTH = 200
# The white space of JSON. All other invisible characters count as text.
BLANKS = " \t\n\r"

_TEXTS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_ALL_BUT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


class UnreadableError(ValueError):
    """Bytes that are not JSON as RFC 8259 defines it, or that nest too deeply."""


def read_value(value: bytes) -> Any:
    """Return the JSON value of a Kafka record. Raises UnreadableError.

    It refuses, among others, a byte order mark, half of a surrogate pair, NaN, a number beyond 64-bit floats, bytes
    that are not UTF-8, and nesting beyond MAX_DEPTH. An integer beyond 64 bits is read as a float.
    """
    try:
        root = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise UnreadableError(str(error)) from None
    # Counting the brackets is cheap and rules out almost every record, so that the exact depth is rarely computed.
    if value.count(b"{") + value.count(b"[") > MAX_DEPTH and _depth(value) > MAX_DEPTH:
        raise UnreadableError(f"nested deeper than {MAX_DEPTH} levels")
    return root


def _depth(value: bytes) -> int:
    """Return how deep a valid JSON text nests."""
    level = deepest = 0
    for bracket in _TEXTS.sub(b"", value).translate(None, _ALL_BUT_BRACKETS):
        if bracket in b"{[":
            level += 1
            deepest = max(deepest, level)
        else:
            level -= 1
    return deepest


def identifier(value: object) -> str:
    """Return an envelope's id as received; `""` for one that is not text or has only blanks."""
    return value if type(value) is str and value.strip(BLANKS) else ""
