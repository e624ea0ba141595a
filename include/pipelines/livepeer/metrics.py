"""Counters of the job, and rates over a sliding window."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from pipelines.livepeer import failures
from pipelines.livepeer.lifecycle.engine import Lifecycle

INPUT = "quality_gate.input"
ACCEPTED = "quality_gate.accepted"
IGNORED = "quality_gate.ignored"
DLQ = "quality_gate.dlq"
DUPLICATES = "quality_gate.dedup.duplicates"
OVERSIZE = "quality_gate.sink_guard.oversize_drops"

BY_DISPOSITION = {
    failures.ACCEPTED: ACCEPTED,
    failures.IGNORED: IGNORED,
    failures.DLQ: DLQ,
    failures.QUARANTINE: DUPLICATES,
}
# Rates by their counter.
RATES = {INPUT: "input_rate", DLQ: "dlq_rate", DUPLICATES: "duplicate_rate"}


def session_metrics(lifecycle: Lifecycle) -> dict[str, float]:
    """Return the number of sessions in memory, and the attributed signals of this process by attribution reason."""
    reasons = {f"attribution.{reason}": count for reason, count in sorted(lifecycle.reasons.items())}
    return {"sessions.held": lifecycle.session_count, **reasons}


class Metrics:
    """Counters since the start of the process. Rates are records per second over `window_sec`."""

    def __init__(self, window_sec: int) -> None:
        self._window_sec = window_sec
        self._totals = dict.fromkeys((INPUT, ACCEPTED, IGNORED, DLQ, DUPLICATES, OVERSIZE), 0)
        self._past: deque[tuple[float, dict[str, int]]] = deque()

    @property
    def processed(self) -> int:
        """Return how many records have a disposition in the warehouse."""
        return self._totals[INPUT]

    def add(self, counts: Mapping[str, int], oversize: int, at_sec: float) -> None:
        """Count a batch after it is written. `at_sec`: seconds of a monotonic clock."""
        self._past.append((at_sec, dict(self._totals)))
        for disposition, count in counts.items():
            self._totals[BY_DISPOSITION[disposition]] += count
            self._totals[INPUT] += count
        self._totals[OVERSIZE] += oversize
        self._forget(at_sec)

    def snapshot(self, at_sec: float) -> dict[str, float]:
        """Return every counter, and the rates of the last window."""
        self._forget(at_sec)
        before = self._past[0][1] if self._past else self._totals
        rates = {rate: (self._totals[name] - before[name]) / self._window_sec for name, rate in RATES.items()}
        return {**self._totals, **rates}

    def _forget(self, at_sec: float) -> None:
        while self._past and self._past[0][0] <= at_sec - self._window_sec:
            self._past.popleft()
