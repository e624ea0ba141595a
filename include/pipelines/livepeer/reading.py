"""The one reading of a Kafka value: which bytes hold an event, and the id and time of its envelope.

The rules are those of tests/unit/values/cases.yaml, which the raw layer, the oracle and the replay follow as well. Of a
key that stands twice the last value counts.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

# An event's nesting is below 20. Every reader can go as deep as this, and orjson can write what it has read.
MAX_DEPTH = 200
# The white space of JSON; other characters that print nothing are text.
BLANKS = " \t\n\r"

_TEXTS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_ALL_BUT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


class UnreadableError(ValueError):
    """Bytes that are no JSON text as RFC 8259 has it, or nest too deep."""


def read_value(value: bytes) -> Any:
    """Return what a Kafka value holds. Raises UnreadableError.

    Refused are, among others, a byte order mark, half of a surrogate pair, NaN, a number that no 64-bit float can hold,
    bytes that are no UTF-8, and nesting beyond MAX_DEPTH. An integer beyond 64 bits is read as a float.
    """
    try:
        root = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise UnreadableError(str(error)) from None
    # Counting is cheap, and hardly a record has so many brackets that they must be looked at one by one.
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
    """Return an envelope's id as received; `""` for one that is no text or has blanks only."""
    return value if type(value) is str and value.strip(BLANKS) else ""
