"""What becomes of a record in the first operator: its own rows, and what other operators must still decide.

The outcome of a record is complete except for attribution, which needs the capabilities of all partitions. So a status,
trace or notice record leaves as a signal, and its silver row and disposition are written with its session.
"""

from __future__ import annotations

from typing import NamedTuple

from pipelines.livepeer import failures
from pipelines.livepeer.core import Outcome, Processor
from pipelines.livepeer.event import Record
from pipelines.livepeer.flink.messages import HeldSignal, by_table, encode_snapshot, row_message
from pipelines.livepeer.lifecycle import silver, tables
from pipelines.livepeer.lifecycle.candidates import Snapshot
from pipelines.livepeer.lifecycle.engine import Lifecycle, Row
from pipelines.livepeer.lifecycle.signals import Identity, identity_of, millis, read_capability
from pipelines.livepeer.tables import COLUMNS, DISPOSITIONS

# The silver row of a signal. Its content is not known yet; the disposition already counts it.
_SILVER = {"ai_stream_status": tables.STATUS_SAMPLES, "stream_trace_events": tables.TRACE_EDGES}
_SIGNALS = frozenset({*_SILVER, "ai_stream_events"})
_PARTS = {
    table: tuple(COLUMNS[table].index(name) for name in ("stream_id", "request_id", "raw_event_uid"))
    for table in _SIGNALS
}


class Routed(NamedTuple):
    """What leaves the first operator for one record.

    `rows` is a row message, '' for none. `signal` is an encoded `HeldSignal`, '' for none, and `session_id` its key.
    `snapshots` are encoded capability snapshots. `rejects` are (disposition, envelope). `disposition` is what became of
    the record, `oversize` the number of reject rows that were left out.
    """

    rows: str
    session_id: str
    signal: str
    snapshots: list[str]
    rejects: list[tuple[str, bytes]]
    disposition: str
    oversize: int


class SignalRouter(Lifecycle):
    """A lifecycle that keeps nothing: it collects the signal and the snapshots of the record in hand."""

    def __init__(self) -> None:
        super().__init__()
        self.identity: Identity | None = None
        self.signal: tuple[str, Row, str] = ("", (), "")
        self.snapshots: list[Snapshot] = []

    def clear(self) -> None:
        """Forget the last record."""
        self.identity = None
        self.snapshots = []

    def apply(self, table: str, row: Row, gateway: str) -> tuple[str, Row] | None:
        """Collect a typed row, and return its silver row with its table: an empty one where it is decided later."""
        if table in _SIGNALS:
            self.identity = identity_of(*(row[place] for place in _PARTS[table]))
            self.signal = (table, row, gateway)
            return (_SILVER[table], ()) if table in _SILVER else None
        if table == "stream_ingest_metrics":
            return tables.INGEST_SAMPLES, silver.ingest_sample(row)
        if table == "network_capabilities":
            capability = read_capability(row)
            self.snapshots.append(Snapshot(*capability[:6], millis(capability.event_timestamp)))
        return None

    def retract(self) -> None:
        """Forget the signal of the row that was applied last."""
        self.identity = None


class Router:
    """Runs the core over one record at a time. `processor` has a `SignalRouter` as its lifecycle."""

    def __init__(self, processor: Processor, signals: SignalRouter) -> None:
        self._processor = processor
        self._signals = signals
        processor.lifecycle = signals

    def route(self, record: Record, now_ms: int) -> Routed:
        """Decide about one record. `now_ms`: processing time, epoch milliseconds. Never raises, whatever the value."""
        signals = self._signals
        signals.clear()
        outcome = self._processor.process(record, now_ms)
        rows = by_table(outcome.rows)
        signal = session_id = ""
        if signals.identity is not None and outcome.disposition == failures.ACCEPTED:
            session_id = signals.identity.session_id
            signal = self._held(record, outcome, now_ms)
            rows.pop(_SILVER.get(signals.signal[0], ""), None)
        else:
            rows[DISPOSITIONS] = [outcome.disposition_row]
        return Routed(
            rows=row_message(record.topic, record.partition, record.offset, rows) if rows else "",
            session_id=session_id,
            signal=signal,
            snapshots=[encode_snapshot(snapshot, record.timestamp_ms) for snapshot in signals.snapshots],
            rejects=outcome.rejects,
            disposition=outcome.disposition,
            oversize=outcome.oversize,
        )

    def _held(self, record: Record, outcome: Outcome, now_ms: int) -> str:
        table, row, gateway = self._signals.signal
        return HeldSignal(
            published_ms=record.timestamp_ms,
            arrived_ms=now_ms,
            table=table,
            row=row,
            gateway=gateway,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            disposition=outcome.disposition_row,
        ).encode()
