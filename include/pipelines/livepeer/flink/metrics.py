"""The counters and meters of the job, under the names of the pipeline's contract."""

from __future__ import annotations

from typing import Any

from pipelines.livepeer.metrics import BY_DISPOSITION, INPUT, OVERSIZE, RATES


class GateCounters:
    """Counts the records of a subtask by disposition. Rates are records per second over a minute, as Flink has them."""

    def __init__(self, group: Any) -> None:
        self._input, self._oversize = group.counter(INPUT), group.counter(OVERSIZE)
        self._input_rate = group.meter(RATES[INPUT])
        self._counters = {kind: group.counter(name) for kind, name in BY_DISPOSITION.items()}
        self._meters = {kind: group.meter(RATES[name]) for kind, name in BY_DISPOSITION.items() if name in RATES}

    def count(self, disposition: str, oversize: int) -> None:
        """Count one record; `oversize` is the number of its reject rows that were left out."""
        self._input.inc()
        self._input_rate.mark_event()
        self._counters[disposition].inc()
        if disposition in self._meters:
            self._meters[disposition].mark_event()
        if oversize:
            self._oversize.inc(oversize)
