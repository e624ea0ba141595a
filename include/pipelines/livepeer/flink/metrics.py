"""The counters and meters of the job, under the names of the pipeline's contract."""

from __future__ import annotations

from typing import Any

from pipelines.livepeer import failures
from pipelines.livepeer.metrics import ACCEPTED, DLQ, DUPLICATES, IGNORED, INPUT, OVERSIZE

_BY_DISPOSITION = {
    failures.ACCEPTED: ACCEPTED,
    failures.IGNORED: IGNORED,
    failures.DLQ: DLQ,
    failures.QUARANTINE: DUPLICATES,
}
_RATES = {failures.DLQ: "dlq_rate", failures.QUARANTINE: "duplicate_rate"}
INPUT_RATE = "input_rate"


class GateCounters:
    """Counts the records of a subtask by disposition. Rates are records per second over a minute, as Flink has them."""

    def __init__(self, group: Any) -> None:
        self._input, self._oversize = group.counter(INPUT), group.counter(OVERSIZE)
        self._input_rate = group.meter(INPUT_RATE)
        self._counters = {kind: group.counter(name) for kind, name in _BY_DISPOSITION.items()}
        self._meters = {kind: group.meter(name) for kind, name in _RATES.items()}

    def count(self, disposition: str, oversize: int) -> None:
        """Count one record; `oversize` is the number of its reject rows that were left out."""
        self._input.inc()
        self._input_rate.mark_event()
        self._counters[disposition].inc()
        if disposition in self._meters:
            self._meters[disposition].mark_event()
        if oversize:
            self._oversize.inc(oversize)
