"""Reads accepted events: signals of sessions, samples of the ingest leg, and snapshots of capabilities."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from sys import intern
from typing import Any, NamedTuple

from packs.livepeer.oracle.acceptance import Event, accept
from packs.livepeer.oracle.ingest import IngestSample, ingest_sample
from packs.livepeer.oracle.snapshots import Snapshot, folded_url, snapshots_of
from packs.livepeer.oracle.values import (
    NO_START_MS,
    epoch_ms,
    folded,
    free_text,
    number,
    section,
    session_id,
    text,
    trimmed,
)

EXCUSABLE = (
    "no orchestrators available",
    "mediamtx ingest disconnected",
    "whip disconnected",
    "missing video",
    "ice connection state failed",
    "user disconnected",
)

STATUS = "status"
REQUEST = "trace:gateway_receive_stream_request"
PROCESSED = "trace:gateway_receive_first_processed_segment"
PLAYABLE = "trace:gateway_receive_few_processed_segments"
NO_ORCHESTRATORS = "trace:gateway_no_orchestrators_available"
SWAP = "trace:orchestrator_swap"
CLOSE = "trace:gateway_ingest_stream_closed"
ERROR = "event:error"
PARAMS_UPDATE = "event:params_update"

# The order of signals at equal times: requests first, then swaps, closes last. All other kinds are between.
_RANKS = {REQUEST: 0, SWAP: 1, CLOSE: 3}
_USUAL_RANK = 2

# Topic, partition and offset of a record.
RecordPosition = tuple[str, int, int]
_NO_POSITION: RecordPosition = ("", 0, 0)


class Signal(NamedTuple):
    """One signal of one session. Signals are ordered by their first four fields. Times are Unix epoch ms.

    `time` is when it happened, `published` the envelope's time, `sequence` the record's number in the order of
    publishing. `kind` is `trace:<subtype>`, `event:<type>` or `status`. `address` and `url` are those of the
    orchestrator that the event names (usually a proxy wallet), folded for comparison; `written_url` is the URL as
    received. `fps` and `input_fps` are the numbers of the event, before rounding to a column. `troubled`: a sample
    names a last error. `message` is that of a parameter update, blank for all other kinds. `position` is the record's
    topic, partition and offset.
    """

    session: str
    time: int
    rank: int
    uid: str
    published: int
    sequence: int
    kind: str
    stream: str
    request: str
    hint: str = ""
    address: str = ""
    url: str = ""
    started: int | None = None
    fps: float = 0.0
    excusable: bool = False
    gateway: str = ""
    written_url: str = ""
    state: str = ""
    input_fps: float = 0.0
    troubled: bool = False
    message: str = ""
    position: RecordPosition = _NO_POSITION


class Evidence(NamedTuple):
    """The content of a set of records, in no particular order."""

    signals: list[Signal]
    ingest: list[IngestSample]
    snapshots: list[Snapshot]


_Content = Signal | IngestSample | list[Snapshot] | None


def gather(records: Iterable[tuple[Any, ...]]) -> Evidence:
    """Return the evidence of the records. Of accepted events with one key, only the one published first counts.

    `records` are (sequence, Kafka value) in any order, or (sequence, value, topic, partition, offset, …).
    """
    first: dict[str | bytes, tuple[int, _Content]] = {}
    for sequence, value, *rest in records:
        event = accept(value)
        if event is None:
            continue
        known = first.get(event.key)
        if known is None or sequence < known[0]:
            position = (rest[0], rest[1], rest[2]) if rest else _NO_POSITION
            first[event.key] = (sequence, _content(event, sequence, position))
    evidence = Evidence([], [], [])
    for _, content in first.values():
        _take(evidence, content)
    return evidence


def take_event(evidence: Evidence, event: Event, sequence: int, position: RecordPosition) -> None:
    """Add the content of an accepted event. The caller passes only the first event with a key."""
    _take(evidence, _content(event, sequence, position))


def _take(evidence: Evidence, content: _Content) -> None:
    if isinstance(content, Signal):
        evidence.signals.append(content)
    elif isinstance(content, IngestSample):
        evidence.ingest.append(content)
    elif content:
        evidence.snapshots.extend(content)


def _content(event: Event, sequence: int, position: RecordPosition) -> _Content:
    """Return the signal, sample or snapshots of an event; None for families that do not concern sessions."""
    read = _SIGNALS.get(event.type)
    if read is not None:
        return read(event, sequence, position)
    if event.type == "network_capabilities":
        return list(snapshots_of(event, sequence))
    return ingest_sample(event, *position) if event.type == "stream_ingest_metrics" else None


def _stem(event: Event, sequence: int, time: int, kind: str) -> tuple[str, int, int, str, int, int, str, str, str]:
    """Return the first fields of a signal: those that order it, and its session."""
    data = event.data
    session, stream, request = _session(text(data["stream_id"]), text(data["request_id"]))
    return session, time, _RANKS.get(kind, _USUAL_RANK), event.uid, event.time, sequence, kind, stream, request


# Cached, because every event of a session repeats the same names.
@lru_cache(maxsize=65_536)
def _session(stream_id: str, request_id: str) -> tuple[str, str, str]:
    """Return the session id and its two parts. Accepted events have both."""
    stream, request = stream_id.strip(), request_id.strip()
    return session_id(stream, request, ""), stream, request


def _trace(event: Event, sequence: int, position: RecordPosition) -> Signal:
    """Return the signal of a milestone, at the time of the component that saw it."""
    data = event.data
    kind, time = intern(f"trace:{text(data['type'])}"), epoch_ms(data.get("timestamp")) or event.time
    address, url, written = _orchestrator(data)
    return Signal(
        *_stem(event, sequence, time, kind),
        address=address,
        url=url,
        gateway=intern(event.gateway),
        written_url=written,
        position=position,
    )


def _status(event: Event, sequence: int, position: RecordPosition) -> Signal:
    """Return the signal of a health sample."""
    data = event.data
    address, url, written = _orchestrator(data)
    inference = section(data, "inference_status")
    last_error = inference.get("last_error")
    return Signal(
        *_stem(event, sequence, event.time, STATUS),
        intern(trimmed(data["pipeline"])),
        address,
        url,
        _start(data),
        number(inference.get("fps")),
        gateway=intern(event.gateway),
        written_url=written,
        state=intern(text(data.get("state"))),
        input_fps=number(section(data, "input_status").get("fps")),
        troubled=last_error is not None and bool((free_text(last_error) or "").strip()),
        position=position,
    )


def _notice(event: Event, sequence: int, position: RecordPosition) -> Signal:
    """Return the signal of an error, a parameter update or another notice. Types are compared without case."""
    data = event.data
    kind = intern(f"event:{trimmed(data['type']).lower()}")
    message = free_text(data.get("message")) or ""
    lowered = message.lower()
    return Signal(
        *_stem(event, sequence, event.time, kind),
        hint=intern(trimmed(data["pipeline"])),
        excusable=any(phrase in lowered for phrase in EXCUSABLE),
        gateway=intern(event.gateway),
        message=message if kind == PARAMS_UPDATE else "",
        position=position,
    )


_SIGNALS: dict[str, Callable[[Event, int, RecordPosition], Signal]] = {
    "stream_trace": _trace,
    "ai_stream_status": _status,
    "ai_stream_events": _notice,
}


def _orchestrator(data: dict[str, Any]) -> tuple[str, str, str]:
    """Return the wallet and URL that an event names, folded, and the URL as written."""
    named = data.get("orchestrator_info") or {}
    return _host(text(named.get("address")), text(named.get("url")))


@lru_cache(maxsize=65_536)
def _host(address: str, url: str) -> tuple[str, str, str]:
    return intern(folded(address)), intern(folded_url(url)), url


def _start(data: dict[str, Any]) -> int | None:
    """Return the start time that a status names; None without one."""
    started = epoch_ms(data.get("start_time")) or 0
    return started if started > NO_START_MS else None
