"""Signals: the content of a typed row of a stream family that concerns its session."""

from __future__ import annotations

from functools import lru_cache
from operator import itemgetter
from sys import intern
from typing import Any, NamedTuple

from pipelines.livepeer import tables
from pipelines.livepeer.identity import workflow_session_id
from pipelines.livepeer.lifecycle import rules
from pipelines.livepeer.lifecycle.attribution import Evidence

STATUS, TRACE, NOTICE = range(3)

# Bits of `Signal.flags`.
LOADING, OUTPUT, TROUBLED, EXCUSED = 1, 2, 4, 8


class Signal(NamedTuple):
    """One signal of a session. The first three fields identify a signal and define the order.

    `time_ms`: epoch milliseconds, of the payload for traces, of the envelope otherwise. `rank` orders equal times:
    requests first, then swaps, closes last. `kind`: STATUS, TRACE or NOTICE. `subtype`: trace type as received, notice
    type in lower case, `""` for status. `evidence`: None when the signal names no wallet. `start_ms`: the start time
    that a status names, 0 when absent. `flags`: the bits above, of samples and errors. `message`: of parameter updates
    only.
    """

    time_ms: int
    rank: int
    uid: str
    kind: int
    subtype: str
    gateway: str
    hint: str
    url: str
    evidence: Evidence | None
    start_ms: int
    flags: int
    message: str


position = itemgetter(0, 1, 2)

# Does the same as a named tuple's constructor without a Python-level call, which matters once per record.
_new = tuple.__new__

SWAP_RANK = 1
_RANKS = {rules.STREAM_REQUEST: 0, rules.SWAP: SWAP_RANK, rules.CLOSED: 3}
_USUAL_RANK = 2


def _reader(table: str, *names: str) -> Any:
    columns = tables.COLUMNS[table]
    return itemgetter(*(columns.index(name) for name in names))


class Identity(NamedTuple):
    """The session that a record belongs to; the parts are trimmed."""

    session_id: str
    stream_id: str
    request_id: str


def identity_of(stream_id: str, request_id: str, uid: str) -> Identity:
    """Return a record's session. When both parts are blank, the record's lineage id identifies the session."""
    stream, request = stream_id.strip(), request_id.strip()
    return Identity(workflow_session_id(stream, request, uid), stream, request)


class IdentityCache:
    """Identities by stream and request, since a session has many records. It begins anew when it is full."""

    _MOST = 100_000

    def __init__(self) -> None:
        self._identities: dict[tuple[str, str], Identity] = {}

    def identity(self, stream_id: str, request_id: str, uid: str) -> Identity:
        """Return a record's session identity."""
        key = (stream_id, request_id)
        identity = self._identities.get(key)
        if identity is None:
            identity = identity_of(stream_id, request_id, uid)
            if identity.stream_id or identity.request_id:
                if len(self._identities) >= self._MOST:
                    self._identities.clear()
                self._identities[key] = identity
        return identity


def millis(moment: str) -> int:
    """Read a warehouse time (`seconds.milliseconds`) as epoch milliseconds."""
    return int(moment.replace(".", ""))


# Cached, because all samples of a stream repeat one start time.
_start_millis = lru_cache(maxsize=4096)(millis)


class StatusRow(NamedTuple):
    """The columns of `ai_stream_status` that the lifecycle reads."""

    event_timestamp: str
    stream_id: str
    request_id: str
    gateway: str
    orchestrator_address: str
    orchestrator_url: str
    pipeline: str
    state: str
    output_fps: float
    input_fps: float
    last_error: str | None
    start_time: str
    raw_event_uid: str
    source_topic: str
    source_partition: int
    source_offset: int


class TraceRow(NamedTuple):
    """The columns of `stream_trace_events` that the lifecycle reads."""

    event_timestamp: str
    stream_id: str
    request_id: str
    orchestrator_address: str
    orchestrator_url: str
    trace_type: str
    data_timestamp: str
    raw_event_uid: str
    source_topic: str
    source_partition: int
    source_offset: int


class NoticeRow(NamedTuple):
    """The columns of `ai_stream_events` that the lifecycle reads."""

    event_timestamp: str
    stream_id: str
    request_id: str
    pipeline: str
    event_type: str
    message: str
    raw_event_uid: str


class CapabilityRow(NamedTuple):
    """The columns of `network_capabilities` that the lifecycle reads."""

    local_address: str
    orchestrator_address: str
    orch_uri: str
    pipeline: str
    model_id: str
    gpu_id: str | None
    event_timestamp: str


_status_columns = _reader("ai_stream_status", *StatusRow._fields)
_trace_columns = _reader("stream_trace_events", *TraceRow._fields)
_notice_columns = _reader("ai_stream_events", *NoticeRow._fields)
_capability_columns = _reader("network_capabilities", *CapabilityRow._fields)


def read_status(columns: tuple[Any, ...]) -> StatusRow:
    """Pick the columns of a row of `ai_stream_status`."""
    return _new(StatusRow, _status_columns(columns))


def read_trace(columns: tuple[Any, ...]) -> TraceRow:
    """Pick the columns of a row of `stream_trace_events`."""
    return _new(TraceRow, _trace_columns(columns))


def read_notice(columns: tuple[Any, ...]) -> NoticeRow:
    """Pick the columns of a row of `ai_stream_events`."""
    return _new(NoticeRow, _notice_columns(columns))


def read_capability(columns: tuple[Any, ...]) -> CapabilityRow:
    """Pick the columns of a row of `network_capabilities`."""
    return _new(CapabilityRow, _capability_columns(columns))


def status_signal(row: StatusRow, time_ms: int, evidence: Evidence | None) -> Signal:
    """Return the signal of a health sample; its `pipeline` is a model label."""
    flags = 0
    if row.state.strip().lower() == rules.LOADING:
        flags |= LOADING
    if row.output_fps > 0:
        flags |= OUTPUT
    if row.last_error and row.last_error.strip():
        flags |= TROUBLED
    start_ms = _start_millis(row.start_time)
    signal = (
        time_ms,
        _USUAL_RANK,
        row.raw_event_uid,
        STATUS,
        "",
        intern(row.gateway),
        intern(row.pipeline.strip()),
        intern(row.orchestrator_url),
        evidence,
        start_ms if start_ms > rules.NO_START_MS else 0,
        flags,
        "",
    )
    return _new(Signal, signal)


def trace_signal(row: TraceRow, gateway: str, evidence: Evidence | None) -> Signal:
    """Return the signal of a milestone, at the time of the component that saw it."""
    kind = intern(row.trace_type)
    signal = (
        millis(row.data_timestamp),
        _RANKS.get(kind, _USUAL_RANK),
        row.raw_event_uid,
        TRACE,
        kind,
        intern(gateway),
        "",
        intern(row.orchestrator_url),
        evidence,
        0,
        0,
        "",
    )
    return _new(Signal, signal)


def notice_signal(row: NoticeRow, gateway: str) -> Signal:
    """Return the signal of an error, a parameter update or another notice. It never names a wallet."""
    kind = intern(row.event_type.strip().lower())
    return Signal(
        millis(row.event_timestamp),
        _USUAL_RANK,
        row.raw_event_uid,
        NOTICE,
        kind,
        intern(gateway),
        intern(row.pipeline.strip()),
        "",
        None,
        0,
        EXCUSED if kind == rules.ERROR and rules.is_excusable(row.message) else 0,
        row.message if kind == rules.PARAMS_UPDATE else "",
    )
