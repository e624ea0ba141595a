"""The running job: collect, process, write, save, commit, in a loop that stops cleanly and never skips a step."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

from pipelines.livepeer.batches import Batch, Span, Work, process_batch
from pipelines.livepeer.checkpointer import Capture, Checkpointer
from pipelines.livepeer.core import Processor
from pipelines.livepeer.kafka_input import Partition
from pipelines.livepeer.metrics import Metrics, session_metrics
from pipelines.livepeer.status_file import FAILED, RUNNING, STARTING, STOPPED, StatusFile

STATUS_EVERY_SEC = 0.5
_LOG = logging.getLogger(__name__)


class Source(Protocol):
    """What the job needs from its input; see `kafka_input.KafkaInput`."""

    complaint: str | None

    @property
    def assigned(self) -> dict[str, list[int]]: ...  # noqa: D102
    @property
    def caught_up(self) -> bool: ...  # noqa: D102
    def take_starts(self) -> dict[Partition, int]: ...  # noqa: D102
    def collect(self) -> list[Batch]: ...  # noqa: D102
    def commit(self, done: list[Span], started: list[Span]) -> None: ...  # noqa: D102


class Target(Protocol):
    """What the job needs from its output; see `writer.Writer`."""

    def start(self, round_: list[Work]) -> Future[None]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Clocks:
    """`now_ms`: processing time, epoch milliseconds. `steady_sec`: seconds of a monotonic clock."""

    now_ms: Callable[[], int]
    steady_sec: Callable[[], float]


Restore = Callable[[Mapping[Partition, int], int], Iterator[tuple[str, str, int]]]


@dataclass(frozen=True, slots=True)
class Memory:
    """The state that a restart recovers. `checkpointer` has the sessions.

    `restore` returns the dedup keys for newly assigned partitions, as `restore.accepted_keys` does.
    """

    restore: Restore
    checkpointer: Checkpointer


@dataclass(frozen=True, slots=True)
class Round:
    """Batches that are written together, the change of the sessions, and the future of the write."""

    works: list[Work]
    capture: Capture | None
    written: Future[None]

    @property
    def spans(self) -> list[Span]:
        """The offset range of every batch of the round."""
        return [work.span for work in self.works]


class Job:
    """The loop over rounds. A round is processed while the previous one is written.

    The spans of a round are noted with the offsets only after the previous round was written.
    """

    def __init__(
        self,
        processor: Processor,
        target: Target,
        memory: Memory,
        metrics: Metrics,
        status: StatusFile,
        clocks: Clocks,
    ) -> None:
        self._processor = processor
        self._target = target
        self._memory = memory
        self._metrics = metrics
        self._status = status
        self._clocks = clocks
        self._in_flight: Round | None = None
        self._written: Round | None = None
        self._reported = ("", -STATUS_EVERY_SEC)
        self._source: Source | None = None

    def run(self, source: Source, stopping: Callable[[], bool]) -> None:
        """Work until `stopping()` is true, then finish the round in flight. Raises ProcessorError."""
        self._source = source
        while not stopping():
            batches = source.collect()
            self._restore_state(source.take_starts())
            round_ = [process_batch(self._processor, batch) for batch in batches]
            self._advance(round_)
            if source.caught_up:
                self._advance([])
            quiet = bool(round_) and source.caught_up
            self._report(RUNNING if source.assigned else STARTING, always=quiet)
        self._advance([])
        self._report(STOPPED, always=True)

    def flush(self) -> None:
        """Finish the round in flight and commit it. Called before partitions are revoked."""
        self._advance([])

    def fail(self, error: str) -> None:
        """Report that the job has failed. Nothing more is committed."""
        self._written = None
        self._report(FAILED, error=error, always=True)

    def report_start(self) -> None:
        """Report that the process has started."""
        self._report(STARTING, always=True)

    def _advance(self, round_: list[Work]) -> None:
        """Wait for the round in flight, save and commit it; then note the next round and start writing it."""
        if self._in_flight is not None:
            round_in_flight, self._in_flight = self._in_flight, None
            round_in_flight.written.result()
            self._written = round_in_flight
            for work in round_in_flight.works:
                self._metrics.add(work.counts, work.oversize, self._clocks.steady_sec())
                if work.oversize:
                    _LOG.warning("%d reject rows are too large for the warehouse and were left out", work.oversize)
        if self._source is None or not (round_ or self._written):
            return
        finished, self._written = self._written, None
        done, started = finished.spans if finished else [], [work.span for work in round_]
        self._memory.checkpointer.save(done, started, finished.capture if finished else None)
        self._source.commit(done, started)
        if round_:
            written = self._target.start(round_)
            self._in_flight = Round(round_, self._memory.checkpointer.capture(), written)

    def _restore_state(self, starts: dict[Partition, int]) -> None:
        if starts:
            now_ms = self._clocks.now_ms()
            self._processor.dedup.restore(self._memory.restore(starts, now_ms - self._processor.dedup.ttl_ms))
            self._processor.lifecycle = self._memory.checkpointer.resume(starts, now_ms)
            _LOG.info("reading %s; %d dedup keys known", starts, len(self._processor.dedup))
            self._report(RUNNING, always=True)

    def _report(self, state: str, *, error: str | None = None, always: bool = False) -> None:
        """Write the status file: at once when the state changed or the job is idle, else at an interval."""
        at = self._clocks.steady_sec()
        last_state, last_at = self._reported
        if not (always or state != last_state or at - last_at >= STATUS_EVERY_SEC):
            return
        self._reported = (state, at)
        source = self._source
        self._status.write(
            state,
            {
                "assigned": source.assigned if source else {},
                "processed": self._metrics.processed,
                "error": error or (source.complaint if source else None),
                "updated_at": self._clocks.now_ms() / 1000,
                "metrics": {**self._metrics.snapshot(at), **session_metrics(self._processor.lifecycle)},
            },
        )
