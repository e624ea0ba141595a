"""Stage `pipeline_wait`: wait until the run has provably drained. It never assumes so after a fixed time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from streamproof.model.fixture import DISPOSITIONS
from streamproof.model.waiting import Probe, wait_until
from streamproof.runs.context import RunContext, StageOutcome
from streamproof.runs.stage import Wait
from streamproof.stages.flink.failures import FailureWatch, job_hint
from streamproof.stages.flink.job import flink_client, run_job, submitted_job
from streamproof.stages.flink.state import CheckpointedReads, job_facts, require_running, rows_behind
from streamproof.stages.judging.accounting import (
    RAW_ROWS,
    RecordRows,
    accounted_tables,
    counts_dispositions,
    dispositions_of,
)
from streamproof.stages.processor_ready import processor_unfinished
from streamproof.transport.base import Consumers
from streamproof.warehouse.base import Warehouse

MESSAGE = "the pipeline to drain"
HINT = "Look at the processor's log in the run's stack/logs folder, and at the trace of the run's window."
LEAST_TIMEOUT_SEC = 60.0
# A slower pipeline is reported as stuck. The processor is required to be at least four times as fast as this.
SLOWEST_EVENTS_PER_SEC = 2_000


def timeout_sec(published: int) -> float:
    """Return how many seconds a drain of `published` records may take."""
    return LEAST_TIMEOUT_SEC + published / SLOWEST_EVENTS_PER_SEC


@contextmanager
def drain_probe(ctx: RunContext) -> Iterator[Callable[[], Probe]]:
    """Connect to the warehouse and Kafka, and yield a blocking probe that checks once whether the run has drained.

    The probe raises StackError at once when the stack has failed.
    """
    replay = ctx.stage_details("replay_events")
    groups = None if ctx.pack.source else ctx.transport.consumers(ctx.kafka())
    with ctx.warehouse() as warehouse:
        yield _Drain(ctx, replay, groups, warehouse).look


def wait_of(ctx: RunContext) -> Wait:
    """Return what a sensor waits for. Raises StackError when nothing was replayed."""
    published = int(ctx.stage_details("replay_events")["published"])
    return Wait(lambda: drain_probe(ctx), timeout_sec(published), MESSAGE, lambda: late_hint(ctx))


def late_hint(ctx: RunContext) -> str:
    """Return where to look when the run does not drain in time, with the state of its job on Flink."""
    return " ".join(filter(None, (job_hint(ctx), HINT)))


def run(ctx: RunContext) -> StageOutcome:
    """Wait until everything that was published is accounted for.

    Raises WaitTimeoutError, which says what is still missing, and StackError when the stack fails meanwhile.
    """
    published = int(ctx.stage_details("replay_events")["published"])
    with drain_probe(ctx) as look:
        waited = wait_until(look, timeout=timeout_sec(published), message=MESSAGE, hint=lambda: late_hint(ctx))
    ctx.log(f"drained after {waited:.3f} s")
    return StageOutcome(details=drain_details(ctx, waited))


def drain_details(ctx: RunContext, waited: float) -> dict[str, Any]:
    """Return the row counts of the drained warehouse: raw rows, records by disposition, rows of the settled tables.

    It counts only what the pack names in `accounting`.
    """
    topic, accounting = ctx.names.input_topic, ctx.pack.accounting
    counted: dict[str, Any] = {"waited_sec": round(waited, 3)}
    if job := run_job(ctx):
        counted["flink"] = job_facts(ctx, job)
    with ctx.warehouse() as warehouse:
        for what, table, _ in accounted_tables(ctx.pack, warehouse):
            if what == RAW_ROWS:
                counted["raw_rows"] = warehouse.row_count(table, topic)
        if counts_dispositions(ctx):
            counts = dispositions_of(ctx, warehouse)
            counted["dispositions"] = {name: sum(counts.get(name, {}).values()) for name in DISPOSITIONS}
        if accounting.drained.settled_tables:
            counted["rows"] = warehouse.row_counts(accounting.drained.settled_tables)
    return counted


@dataclass(slots=True)
class _Drain:
    """The probe of a drain. `before` are the states of the settling tables and topics at the previous call."""

    ctx: RunContext
    replay: Mapping[str, Any]
    groups: Consumers | None
    warehouse: Warehouse
    before: dict[str, Any] = field(default_factory=dict)
    reads: CheckpointedReads = field(default_factory=CheckpointedReads)
    failures: FailureWatch = field(init=False)

    def __post_init__(self) -> None:
        self.failures = FailureWatch(self.ctx)

    def look(self) -> Probe:
        """Check once whether the run has drained.

        The consumers must be at the end. Then tables that account for every record are compared with the ledger, and
        tables and topics that must settle with their state at the previous call.
        """
        self.ctx.stack_state()
        require_running(self.ctx)
        self.failures.look()
        behind = processor_unfinished(self.ctx)
        if self.groups is not None:
            behind = [*self._behind(self.groups), *behind, *self._job_behind(self.groups)]
        if behind:
            # The exact comparison needs a join. Until the consumers are at the end, counts are enough.
            return Probe(False, "; ".join([*self._quick_counts(), *behind]))
        missing = [*self._unaccounted(accounted_tables(self.ctx.pack, self.warehouse)), *self._unsettled()]
        running = self.warehouse.inserts_running()
        if not missing and running:
            missing = [f"{running} inserts still running"]
        return Probe(not missing, "; ".join(missing))

    def _quick_counts(self) -> list[str]:
        topic, published = self.ctx.names.input_topic, int(self.replay["published"])
        return [
            f"{what} {self.warehouse.row_count(table, topic)} of {published}"
            for what, table, _ in accounted_tables(self.ctx.pack, self.warehouse)
            if what != RAW_ROWS
        ]

    def _unaccounted(self, targets: list[RecordRows]) -> list[str]:
        """Return the tables that do not yet hold every record of the ledger, with counts."""
        missing = []
        for what, table, kinds in targets:
            present, expected = self.warehouse.unaccounted(table, self.ctx.names.input_topic, kinds)
            if present < expected:
                missing.append(f"{what} {present} of {expected}")
        return missing

    def _unsettled(self) -> list[str]:
        """Return the tables and topics that have changed since the previous call; the first call returns them all."""
        states = self.warehouse.table_states(self.ctx.pack.accounting.drained.settled_tables)
        now: dict[str, Any] = {f"table {table} at rest ({state.rows} rows)": state for table, state in states.items()}
        if self.groups is not None:
            for topic in self._reject_topics():
                ends = self.groups.end_offsets(topic)
                now[f"topic {topic} at rest ({sum(ends.values())} records)"] = ends
        before, self.before = self.before, now
        return [what for what, state in now.items() if before.get(what) != state]

    def _reject_topics(self) -> list[str]:
        ids = self.ctx.pack.accounting.ids
        return [self.ctx.names.topics[place.topic] for place in ids.reject_topics] if ids else []

    def _job_behind(self, groups: Consumers) -> list[str]:
        """Return what a job on Flink has still to process, and what of its rows the warehouse has still to read."""
        job = run_job(self.ctx)
        if job is None:
            return []
        ends = {int(partition): int(end) for partition, end in self.replay["end_offsets"].items()}
        with flink_client(self.ctx) as client:
            job_id = submitted_job(self.ctx).job_id
            behind = self.reads.behind(client, job_id, self.ctx.names.input_topic, ends)
        return behind or rows_behind(self.ctx, job, groups)

    def _behind(self, groups: Consumers) -> list[str]:
        """Return the consumers that have not committed up to the end of a partition, with how far they are."""
        topic, starts = self.ctx.names.input_topic, self.replay["start_offsets"]
        job, behind = run_job(self.ctx), []
        for role in self.ctx.pack.accounting.drained.consumer_groups:
            if job and role == job.group:
                continue
            # The warehouse's own consumer may not commit the offsets of records that it skips.
            ends = self.replay["raw_end_offsets" if role == "raw" else "end_offsets"]
            committed = groups.committed(self.ctx.names.groups[role], topic, map(int, ends))
            for partition, end in ends.items():
                start = starts[partition]
                reached = committed.get(int(partition), start)
                if reached < end:
                    behind.append(f"{role} at partition {partition} committed {reached - start} of {end - start}")
        return behind
