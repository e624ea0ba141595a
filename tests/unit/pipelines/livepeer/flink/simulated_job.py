"""The job on Flink without Flink: partitions that interleave, a watermark, keyed state, and restores from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import orjson

from pipelines.livepeer.core import Processor
from pipelines.livepeer.dedup import DedupState
from pipelines.livepeer.event import Record
from pipelines.livepeer.flink.attribution import Attribution
from pipelines.livepeer.flink.messages import HeldSignal
from pipelines.livepeer.flink.routing import Router, SignalRouter
from pipelines.livepeer.gate import QualityGate

NOW_MS = 1_790_000_000_000


def new_processor(max_row_bytes: int = 1_000_000) -> Processor:
    return Processor(QualityGate(frozenset({"1", "v1"})), DedupState(86_400_000), max_row_bytes)


class SimulatedJob:
    """Both operators, with the state that Flink would keep: held signals and changes by session, and snapshots."""

    def __init__(self, partitions: int, max_row_bytes: int = 1_000_000) -> None:
        self._max_row_bytes = max_row_bytes
        self._router = Router(new_processor(max_row_bytes), SignalRouter())
        self._attribution = Attribution(new_processor(max_row_bytes))
        self._read = dict.fromkeys(range(partitions), -1)
        self._held: dict[str, list[HeldSignal]] = defaultdict(list)
        self._changes: dict[str, list[bytes]] = defaultdict(list)
        self._snapshots: list[str] = []
        self.rejects: list[tuple[str, bytes]] = []
        self.messages: list[dict[str, Any]] = []

    def receive(self, record: Record) -> None:
        """Process one record, and release what the watermark lets go."""
        routed = self._router.route(record, NOW_MS)
        for snapshot in routed.snapshots:
            self._snapshots.append(snapshot)
            self._attribution.learn(snapshot)
        if routed.signal:
            self._held[routed.session_id].append(HeldSignal.decode(routed.signal))
        if routed.rows:
            self.messages.append(orjson.loads(routed.rows))
        self.rejects += routed.rejects
        self._read[record.partition] = max(self._read[record.partition], record.timestamp_ms)
        self._release(min(self._read.values()) - 1)

    def finish(self) -> None:
        """Release everything, as when nothing arrives any more."""
        self._release(1 << 62)

    def restart(self) -> None:
        """Lose what is in memory and go on with the state."""
        self._attribution = Attribution(new_processor(self._max_row_bytes))
        for snapshot in self._snapshots:
            self._attribution.learn(snapshot)

    def _release(self, watermark: int) -> None:
        for session_id, held in self._held.items():
            due = [signal for signal in held if signal.published_ms <= watermark]
            if not due:
                continue
            self._held[session_id] = [signal for signal in held if signal.published_ms > watermark]
            if not self._attribution.knows(session_id):
                self._attribution.recall(session_id, self._changes[session_id], NOW_MS)
            released = self._attribution.release(due, NOW_MS)
            if released.change is not None:
                self._changes[session_id].append(released.change)
            self.messages += [orjson.loads(message) for message in released.rows]
            self.rejects += released.rejects

    @property
    def rows(self) -> dict[str, list[list[Any]]]:
        """Return all rows by table, in the order of their messages."""
        found: dict[str, list[list[Any]]] = defaultdict(list)
        for message in self.messages:
            for table, rows in message["tables"].items():
                found[table] += rows
        return found


def interleaved(partitions: Sequence[Sequence[Record]], choices: Sequence[int]) -> list[Record]:
    """Return the records of all partitions, each partition in its order, in the order of `choices`."""
    left = [list(records) for records in partitions]
    order = []
    for choice in (*choices, *([0] * sum(map(len, partitions)))):
        waiting = [records for records in left if records]
        if not waiting:
            break
        order.append(waiting[choice % len(waiting)].pop(0))
    return order
