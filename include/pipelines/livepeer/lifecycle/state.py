"""The state as bytes: a header and a body. The format is deterministic and versioned, and has a checksum.

The header is a line of JSON. The body of `changes` is two lines of JSON: the evidence, to which signals refer by
number, and the content. The body of a `full` state is compressed, because it is large: a line for the content without
sessions, and then a line for each session with the evidence that no session before it had. So neither side needs more
than one session at a time.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from sys import intern
from typing import Any

import orjson

from pipelines.livepeer.errors import ProcessorError
from pipelines.livepeer.lifecycle.attribution import Decision, Evidence
from pipelines.livepeer.lifecycle.signals import Signal

FORMAT = "streamproof-lifecycle"
FULL, CHANGES = "full", "changes"
VERSIONS = {FULL: 2, CHANGES: 1}
_FASTEST = 1
_READ_BYTES = 1 << 16


class StateError(ProcessorError):
    """State bytes that are damaged or of another format, or a state that is requested while it is incomplete."""


class _Evidence:
    """The evidence of a state, numbered. Equal evidence has one number."""

    def __init__(self) -> None:
        self.table: list[Any] = []
        self._by_content: dict[Any, int] = {}
        self._by_object: dict[int, int] = {}

    def plain(self, value: Any) -> Any:
        """Return what JSON can hold: a tuple for a tuple, and the number for evidence."""
        if isinstance(value, tuple):
            return tuple(value)
        number = self._by_object.get(id(value))
        if number is None:
            content = value.content()
            number = self._by_content.setdefault(content, len(self.table))
            if number == len(self.table):
                self.table.append(content)
            self._by_object[id(value)] = number
        return number


def encode_changes(content: dict[str, Any]) -> bytes:
    """Return changes as bytes. `content` is JSON-able except for signals and their evidence."""
    known = _Evidence()
    lines = orjson.dumps(content, default=known.plain)
    return _with_header(CHANGES, orjson.dumps(known.table, default=known.plain) + b"\n" + lines)


def encode_whole(content: dict[str, Any], sessions: Iterable[Any]) -> bytes:
    """Return a whole state as bytes. `sessions` are taken one at a time."""
    known = _Evidence()
    packer = zlib.compressobj(_FASTEST)
    parts = [packer.compress(orjson.dumps(content, default=known.plain) + b"\n")]
    for session in sessions:
        before = len(known.table)
        entry = orjson.dumps(session, default=known.plain)
        fresh = orjson.dumps(known.table[before:], default=known.plain)
        parts.append(packer.compress(b"[%b,%b]\n" % (fresh, entry)))
    parts.append(packer.flush())
    return _with_header(FULL, b"".join(parts))


def decode_changes(state: bytes) -> tuple[dict[str, Any], list[Evidence]]:
    """Read changes: content, and evidence by number. Raises StateError when the bytes are not a valid state."""
    evidence, _, content = _body(state, CHANGES).partition(b"\n")
    return orjson.loads(content), [_evidence(item) for item in orjson.loads(evidence)]


def decode_whole(
    state: bytes, share: Callable[[Evidence], Evidence]
) -> tuple[dict[str, Any], Iterator[tuple[list[Any], list[Evidence]]]]:
    """Read a whole state: its content, and its sessions, each with the evidence that is known so far, by number.

    `share` returns the object that is kept for evidence. Raises StateError when the bytes are not a valid state.
    """
    lines = _lines(_body(state, FULL))
    content = orjson.loads(next(lines))

    def sessions() -> Iterator[tuple[list[Any], list[Evidence]]]:
        known: list[Evidence] = []
        for line in lines:
            fresh, entry = orjson.loads(line)
            known.extend(share(_evidence(item)) for item in fresh)
            yield entry, known

    return content, sessions()


def _with_header(kind: str, body: bytes) -> bytes:
    return b"%b\n%b" % (orjson.dumps(_header(kind, body)), body)


def _header(kind: str, body: bytes) -> dict[str, Any]:
    return {"format": FORMAT, "version": VERSIONS[kind], "kind": kind, "crc32": zlib.crc32(body)}


def _body(state: bytes, kind: str) -> bytes:
    header, _, body = state.partition(b"\n")
    try:
        found = orjson.loads(header)
    except orjson.JSONDecodeError:
        found = None
    wanted = _header(kind, body)
    if found != wanted:
        raise StateError(
            f"the saved session state cannot be used: expected {wanted}, found {str(found)[:200]}",
            hint="Remove the state and start from the earliest offset, with a base version above every one written.",
        )
    return body


def _lines(body: bytes) -> Iterator[bytes]:
    """Yield the lines of a compressed body. Only a part of it is decompressed at a time."""
    unpacker = zlib.decompressobj()
    rest = b""
    for start in range(0, len(body), _READ_BYTES):
        *lines, rest = (rest + unpacker.decompress(body[start : start + _READ_BYTES])).split(b"\n")
        yield from lines


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
