"""The state as bytes: three lines of JSON. The format is deterministic and versioned, and has a checksum.

The first line is a header with format, kind (`full` or `changes`) and checksum. The second is the evidence, to which
signals refer by number. The third is the content.
"""

from __future__ import annotations

import zlib
from sys import intern
from typing import Any

import orjson

from pipelines.livepeer.errors import ProcessorError
from pipelines.livepeer.lifecycle.attribution import Decision, Evidence
from pipelines.livepeer.lifecycle.signals import Signal

FORMAT = "streamproof-lifecycle"
FORMAT_VERSION = 1
FULL, CHANGES = "full", "changes"


class StateError(ProcessorError):
    """State bytes that are damaged or of another format, or a state that is requested while it is incomplete."""


def encode(kind: str, content: dict[str, Any]) -> bytes:
    """Return a state as bytes. `content` is JSON-able except for signals and their evidence."""
    table: list[Any] = []
    by_content: dict[Any, int] = {}
    by_object: dict[int, int] = {}

    def plain(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(value)
        number = by_object.get(id(value))
        if number is None:
            evidence = value.content()
            number = by_content.setdefault(evidence, len(table))
            if number == len(table):
                table.append(evidence)
            by_object[id(value)] = number
        return number

    lines = orjson.dumps(content, default=plain)
    body = orjson.dumps(table, default=plain) + b"\n" + lines
    header = {"format": FORMAT, "version": FORMAT_VERSION, "kind": kind, "crc32": zlib.crc32(body)}
    return orjson.dumps(header) + b"\n" + body


def decode(state: bytes, kind: str) -> tuple[dict[str, Any], list[Evidence]]:
    """Read a state: content, and evidence by number. Raises StateError when the bytes are not a whole valid state."""
    header, _, body = state.partition(b"\n")
    try:
        found = orjson.loads(header)
    except orjson.JSONDecodeError:
        found = None
    wanted = {"format": FORMAT, "version": FORMAT_VERSION, "kind": kind, "crc32": zlib.crc32(body)}
    if found != wanted:
        raise StateError(
            f"the saved session state cannot be used: expected {wanted}, found {str(found)[:200]}",
            hint="Remove the state and start from the earliest offset, with a base version above every one written.",
        )
    evidence, _, content = body.partition(b"\n")
    return orjson.loads(content), [_evidence(item) for item in orjson.loads(evidence)]


def _evidence(item: list[Any]) -> Evidence:
    unhinted, other, by_model = item
    return Evidence(Decision(*unhinted), Decision(*other), {model: Decision(*found) for model, found in by_model})


def signals_of(items: list[list[Any]], evidence: list[Evidence]) -> list[Signal]:
    """Return decoded signals. Equal texts share one object, as before encoding."""
    signals = []
    for time_ms, rank, uid, kind, subtype, gateway, hint, url, number, start_ms, flags, message in items:
        known = None if number is None else evidence[number]
        shared = (intern(subtype), intern(gateway), intern(hint), intern(url))
        signals.append(Signal(time_ms, rank, uid, kind, *shared, known, start_ms, flags, message))
    return signals
