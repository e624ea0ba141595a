"""One session: its signals in event-time order, and the rows computed from them."""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

from pipelines.livepeer.lifecycle import facts, rules, tables
from pipelines.livepeer.lifecycle.outcome import Outcome
from pipelines.livepeer.lifecycle.packing import PackedSignals
from pipelines.livepeer.lifecycle.segments import RewindableFold
from pipelines.livepeer.lifecycle.signals import NOTICE, Identity, Signal, position

Rows = dict[str, list[tuple[Any, ...]]]


class Session:
    """The signals of one workflow session. Everything else is computed from them and can be computed again.

    `base_version` is added to the number of signals, so that versions exceed those written before the session expired.
    `touched_ms` is the processing time of the latest signal, epoch milliseconds.
    """

    __slots__ = (
        "_fold",
        "_most_segments",
        "_outcome",
        "_packed",
        "_pending",
        "_signals",
        "base_version",
        "identity",
        "touched_ms",
    )

    def __init__(self, identity: Identity, base_version: int, most_segments: int) -> None:
        self.identity = identity
        self.base_version = base_version
        self.touched_ms = 0
        self._signals: list[Signal] = []
        self._packed: PackedSignals | None = None
        self._pending: list[Signal] = []
        self._most_segments = most_segments
        self._outcome: Outcome | None = Outcome()
        self._fold = RewindableFold(most_segments)

    @property
    def version(self) -> int:
        """The version of the rows last returned. The same signals always have the same version."""
        return self.base_version + self.size

    @property
    def size(self) -> int:
        """The number of its signals, without those for the next `advance`."""
        return len(self._signals if self._packed is None else self._packed)

    @property
    def signals(self) -> list[Signal]:
        """The signals in order, without those for the next `advance`. A packed session stays packed."""
        return self._signals if self._packed is None else self._packed.unpack()

    def pack(self) -> None:
        """Keep the signals in less memory until the next one. What is computed from them is computed again then."""
        self._packed, self._signals = PackedSignals(self.signals), []
        self._outcome, self._fold = None, RewindableFold(self._most_segments)

    def entry(self, signals: list[Signal]) -> tuple[Any, ...]:
        """Return what a saved state keeps of the session with some of its signals."""
        return (*self.identity, self.base_version, self.touched_ms, signals)

    def receive(self, signal: Signal) -> bool:
        """Store a signal for the next `advance`. Return whether it is the first since the last `advance`."""
        self._pending.append(signal)
        return len(self._pending) == 1

    def retract(self) -> bool:
        """Drop the signal received last. Return whether no signal is left for `advance`."""
        self._pending.pop()
        return not self._pending

    def load(self, signals: list[Signal]) -> None:
        """Add signals whose rows were written before. Nothing is computed until the next `advance`."""
        self._signals = sorted([*self.signals, *signals], key=position)
        self._packed = self._outcome = None

    def advance(self, rows: Rows) -> list[Signal]:
        """Add the rows of the received signals, and of the signals after them. Return the new signals.

        A signal that the session already has (same position) changes nothing.
        """
        self._signals, self._packed = self.signals, None
        outcome = self._summary()
        first, fresh = self._merge()
        if not fresh:
            return fresh
        for signal in fresh:
            outcome.add(signal)
        identity, version = self.identity, self.version
        self._fold.rewind(self._signals, first)
        coverage, updates = rows[tables.EDGE_COVERAGE], rows[tables.PARAM_UPDATES]
        for index in range(first, len(self._signals)):
            signal = self._signals[index]
            segment = self._fold.step(signal)
            coverage.append(facts.coverage_row(identity, signal, outcome, version))
            if signal.kind == NOTICE and signal.subtype == rules.PARAMS_UPDATE:
                updates.append(facts.param_update_row(identity, signal, segment, version))
        state = self._fold.state
        rows[tables.SESSIONS].append(facts.session_row(identity, outcome, state, self._signals, version))
        rows[tables.LATENCY].append(facts.latency_row(identity, outcome, state, version))
        rows[tables.SEGMENTS] += facts.segment_rows(identity, state, version)
        return fresh

    def _summary(self) -> Outcome:
        """Return the summary of the signals. After a restart it is computed here first."""
        if self._outcome is None:
            self._outcome = Outcome()
            for signal in self._signals:
                self._outcome.add(signal)
            self._fold = RewindableFold(self._most_segments)
        return self._outcome

    def _merge(self) -> tuple[int, list[Signal]]:
        """Insert the received signals in order. Return the first index that changed, and the new signals."""
        signals, pending = self._signals, self._pending
        self._pending = []
        if len(pending) > 1:
            pending.sort(key=position)
        first, fresh = len(signals), []
        last = position(signals[-1]) if signals else None
        for signal in pending:
            at = position(signal)
            if last is None or at > last:
                signals.append(signal)
                fresh.append(signal)
                last = at
                continue
            index = bisect_left(signals, at, key=position)
            if position(signals[index]) != at:
                signals.insert(index, signal)
                fresh.append(signal)
                first = min(first, index)
        return first, fresh
