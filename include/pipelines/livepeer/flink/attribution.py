"""The second operator's decisions: it attributes the signals of a session and computes its rows. No Flink, no clock."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import orjson

from pipelines.livepeer import failures
from pipelines.livepeer.core import Processor
from pipelines.livepeer.flink.messages import (
    HeldSignal,
    by_table,
    decode_snapshot,
    record_of,
    row_message,
)
from pipelines.livepeer.lifecycle.engine import Lifecycle
from pipelines.livepeer.tables import COLUMNS, DISPOSITIONS

# Sessions in memory a subtask. The others are read from the state when they have a new signal.
MOST_SESSIONS = 20_000
# Capability snapshots that a subtask keeps. Those published first are dropped beyond that, a tenth at a time.
MOST_SNAPSHOTS = 200_000
_RAW_JSON = {
    table: COLUMNS[table].index("raw_json") for table in ("ai_stream_status", "stream_trace_events", "ai_stream_events")
}


class Released(NamedTuple):
    """What leaves for the released signals of one session.

    `rows` are row messages. `change` is what must be added to the session's state, None when nothing changed.
    `rejects` are (disposition, envelope) of the signals whose silver row is too long.
    """

    rows: list[str]
    change: bytes | None
    rejects: list[tuple[str, bytes]]


class Attribution:
    """The capability index and the sessions of one subtask.

    The state of the stream processor is the truth; what is kept here can be loaded from it again.
    """

    def __init__(self, processor: Processor) -> None:
        self._processor = processor
        self._lifecycle = processor.lifecycle = Lifecycle(keep_changes=True)
        self._published: dict[str, int] = {}

    def learn(self, snapshot: str) -> list[str]:
        """Add an encoded capability snapshot to the index. Return those that the state need not keep any longer."""
        decoded, published_ms = decode_snapshot(snapshot)
        self._lifecycle.learn(decoded, published_ms)
        self._published[snapshot] = published_ms
        if len(self._published) <= MOST_SNAPSHOTS:
            return []
        oldest = sorted(self._published, key=self._published.__getitem__)[: MOST_SNAPSHOTS // 10]
        for text in oldest:
            del self._published[text]
        return oldest

    def knows(self, session_id: str) -> bool:
        """Return whether the session is in memory."""
        return self._lifecycle.holds(session_id)

    def recall(self, session_id: str, changes: Iterable[bytes], now_ms: int) -> None:
        """Load a session from its state. One without state begins, with versions above `now_ms` (epoch milliseconds).

        The versions of a session that expired, or whose state was lost, are smaller than the present time.
        """
        self._lifecycle.recall(changes)
        if not self._lifecycle.holds(session_id):
            self._lifecycle.start_above(now_ms)

    def release(self, signals: list[HeldSignal], now_ms: int) -> Released:
        """Process the signals of one session and return their rows. `now_ms`: processing time, epoch milliseconds."""
        rejects: list[tuple[str, bytes]] = []
        messages = []
        for signal in sorted(signals, key=_order):
            rows = self._follow(signal, now_ms, rejects)
            messages.append((signal, rows))
        stateful = self._lifecycle.flush(now_ms)
        for table, found in stateful.items():
            messages[-1][1][table] = [orjson.dumps(row) for row in found]
        change = self._lifecycle.changes() if stateful else None
        self._lifecycle.forget_oldest(MOST_SESSIONS)
        return Released(
            [row_message(signal.topic, signal.partition, signal.offset, rows) for signal, rows in messages],
            change,
            rejects,
        )

    def _follow(self, signal: HeldSignal, now_ms: int, rejects: list[tuple[str, bytes]]) -> dict[str, list[bytes]]:
        """Process one signal. Return the rows that its first operator has left to this one."""
        lifecycle, limit = self._lifecycle, self._processor.max_row_bytes
        lifecycle.read_as_of(signal.published_ms)
        silver = lifecycle.apply(signal.table, signal.row, signal.gateway)
        if silver is None:
            return {DISPOSITIONS: [signal.disposition]}
        target, line = silver[0], orjson.dumps(silver[1])
        if len(line) <= limit:
            return {target: [line], DISPOSITIONS: [signal.disposition]}
        lifecycle.retract()
        record = record_of(signal, signal.row[_RAW_JSON[signal.table]])
        failure = failures.too_large(target, 1, len(line), limit)
        typed = [(signal.table, b"")]
        outcome = self._processor.reject(record, failure, now_ms, typed)
        rejects += outcome.rejects
        return {**by_table(outcome.rows[len(typed) :]), DISPOSITIONS: [outcome.disposition_row]}


def _order(signal: HeldSignal) -> tuple[int, int, int]:
    """Signals are processed in the order of their publication; within a partition this is the order of offsets."""
    return signal.published_ms, signal.partition, signal.offset
