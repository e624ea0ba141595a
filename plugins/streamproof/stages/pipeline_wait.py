"""Stage `pipeline_wait`: wait until the run has drained, which is proved, not assumed after a while."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from streamproof.model.fixture import DISPOSITIONS
from streamproof.model.waiting import Probe, wait_until
from streamproof.packs.accounting import RawTable
from streamproof.packs.pack import Pack
from streamproof.runs.context import RunContext, StageOutcome
from streamproof.runs.stage import Wait
from streamproof.transport.base import Consumers
from streamproof.warehouse.clickhouse.client import rows
from streamproof.warehouse.clickhouse.drain import (
    RAW_VALUE_KINDS,
    inserts_running,
    located,
    row_count,
    total_rows,
    unaccounted,
)

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

MESSAGE = "the pipeline to drain"
HINT = "Look at the processor's log in the run's stack/logs folder, and at the trace of the run's window."
_DISPOSITIONS = """
SELECT disposition, count() AS records
FROM {table:Identifier}
WHERE source_topic = {topic:String}
GROUP BY disposition
"""
ALL_VALUE_KINDS = ("bytes", "empty", "null")
LEAST_TIMEOUT_SEC = 60.0
# A pipeline slower than this is reported as stuck; the processor is required to be at least four times as fast.
SLOWEST_EVENTS_PER_SEC = 2_000

# What it is called, the table, and the kinds of values that leave a row there.
Target = tuple[str, RawTable, tuple[str, ...]]


def timeout_sec(published: int) -> float:
    """Return how long a drain of so many records may take."""
    return LEAST_TIMEOUT_SEC + published / SLOWEST_EVENTS_PER_SEC


@contextmanager
def drain_probe(ctx: RunContext) -> Iterator[Callable[[], Probe]]:
    """Open the services that a drain is judged by and give a blocking probe; each call is one look.

    A look raises StackError at once when the stack has failed.
    """
    replay = ctx.stage_details("replay_events")
    groups = ctx.transport.consumers(ctx.kafka())
    with ctx.clickhouse() as client:
        yield _Drain(ctx, replay, groups, client).look


def wait_of(ctx: RunContext) -> Wait:
    """Return what a sensor waits for. Raises StackError when nothing was replayed."""
    published = int(ctx.stage_details("replay_events")["published"])
    return Wait(lambda: drain_probe(ctx), timeout_sec(published), MESSAGE, HINT)


def run(ctx: RunContext) -> StageOutcome:
    """Wait until everything that was published is accounted for.

    Raises WaitTimeoutError that says what is still missing, and StackError when the stack fails meanwhile.
    """
    published = int(ctx.stage_details("replay_events")["published"])
    with drain_probe(ctx) as look:
        waited = wait_until(look, timeout=timeout_sec(published), message=MESSAGE, hint=HINT)
    ctx.log(f"drained after {waited:.3f} s")
    return StageOutcome(details=drain_details(ctx, waited))


def drain_details(ctx: RunContext, waited: float) -> dict[str, Any]:
    """Return what the drained warehouse holds, as far as the pack accounts for it.

    That are raw rows, records by disposition, and rows of the tables that have settled.
    """
    topic, accounting = ctx.names.input_topic, ctx.pack.accounting
    found: dict[str, Any] = {"waited_sec": round(waited, 3)}
    with ctx.clickhouse() as client:
        if accounting.raw:
            found["raw_rows"] = row_count(client, accounting.raw, topic)
        if accounting.dispositions:
            table = {"table": accounting.dispositions.table, "topic": topic}
            counts = {row["disposition"]: int(row["records"]) for row in rows(client, _DISPOSITIONS, table)}
            found["dispositions"] = {name: counts.get(name, 0) for name in DISPOSITIONS}
        if accounting.drained.settled_tables:
            found["rows"] = {table: total_rows(client, table) for table in accounting.drained.settled_tables}
    return found


@dataclass(slots=True)
class _Drain:
    """Looks whether a run has drained. `before` are the row counts of the last look at the tables that must settle."""

    ctx: RunContext
    replay: Mapping[str, Any]
    groups: Consumers
    client: Client
    before: dict[str, int] = field(default_factory=dict)

    def look(self) -> Probe:
        """Look once. What is accounted for record by record is compared with the ledger; else tables must settle."""
        self.ctx.stack_state()
        behind = self._behind()
        if behind:
            # The exact comparison costs a join: until the consumers are at the end, a count says enough.
            return Probe(False, "; ".join([*self._quick_counts(), *behind]))
        targets = _targets(self.ctx.pack)
        missing = self._unaccounted(targets) if targets else self._unsettled()
        running = inserts_running(self.client)
        if not missing and running:
            missing = [f"{running} inserts still running"]
        return Probe(not missing, "; ".join(missing))

    def _quick_counts(self) -> list[str]:
        topic, published = self.ctx.names.input_topic, int(self.replay["published"])
        return [
            f"{what} {row_count(self.client, table, topic)} of {published}"
            for what, table, kinds in _targets(self.ctx.pack)
            if kinds == ALL_VALUE_KINDS
        ]

    def _unaccounted(self, targets: list[Target]) -> list[str]:
        missing = []
        for what, table, kinds in targets:
            present, expected = unaccounted(self.client, table, self.ctx.names.input_topic, kinds)
            if present < expected:
                missing.append(f"{what} {present} of {expected}")
        return missing

    def _unsettled(self) -> list[str]:
        """Return the tables whose row counts have changed since the last look; at the first look that is all."""
        tables = self.ctx.pack.accounting.drained.settled_tables
        counts = {table: total_rows(self.client, table) for table in tables}
        moving = [
            f"table {table} at rest ({number} rows)"
            for table, number in counts.items()
            if self.before.get(table) != number
        ]
        self.before = counts
        return moving

    def _behind(self) -> list[str]:
        topic, starts = self.ctx.names.input_topic, self.replay["start_offsets"]
        behind = []
        for role in self.ctx.pack.accounting.drained.consumer_groups:
            # The warehouse's own consumer need not commit past records that it skips.
            ends = self.replay["raw_end_offsets" if role == "raw" else "end_offsets"]
            committed = self.groups.committed(self.ctx.names.groups[role], topic, map(int, ends))
            for partition, end in ends.items():
                start = starts[partition]
                reached = committed.get(int(partition), start)
                if reached < end:
                    behind.append(f"{role} at partition {partition} committed {reached - start} of {end - start}")
        return behind


def _targets(pack: Pack) -> list[Target]:
    """Return the tables that must hold every published record, by what they are called, with the kinds of values."""
    found: list[Target] = []
    if pack.accounting.dispositions:
        found.append(("dispositions", located(pack.accounting.dispositions.table), ALL_VALUE_KINDS))
    if pack.accounting.raw:
        found.append(("raw rows", pack.accounting.raw, RAW_VALUE_KINDS))
    return found
