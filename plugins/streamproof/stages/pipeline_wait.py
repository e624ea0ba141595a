"""Stage `pipeline_wait`: wait until the run has drained, which is proved, not assumed after a while."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from streamproof.model.fixture import DISPOSITIONS
from streamproof.model.waiting import Probe, wait_until
from streamproof.runs.context import RunContext, StageOutcome
from streamproof.runs.stage import Wait
from streamproof.transport.kafka.groups import Groups
from streamproof.warehouse.clickhouse.client import rows
from streamproof.warehouse.clickhouse.drain import RAW_VALUE_KINDS, inserts_running, row_count, unaccounted

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

MESSAGE = "the pipeline to drain"
HINT = "Look at the processor's log in the run's stack/logs folder, and at the trace of the run's window."
ALL_VALUE_KINDS = ("bytes", "empty", "null")
LEAST_TIMEOUT_SEC = 60.0
# A pipeline slower than this is reported as stuck; the processor is required to be at least four times as fast.
SLOWEST_EVENTS_PER_SEC = 2_000


def timeout_sec(published: int) -> float:
    """Return how long a drain of so many records may take."""
    return LEAST_TIMEOUT_SEC + published / SLOWEST_EVENTS_PER_SEC


@contextmanager
def drain_probe(ctx: RunContext) -> Iterator[Callable[[], Probe]]:
    """Open the services that a drain is judged by and give a blocking probe; each call is one look.

    A look raises StackError at once when the stack has failed.
    """
    replay = ctx.stage_details("replay_events")
    groups = Groups(ctx.kafka())
    with ctx.clickhouse() as client:
        yield lambda: _look(ctx, replay, groups, client)


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
    """Return what the drained warehouse holds: raw rows, and records by disposition."""
    topic = ctx.names.input_topic
    sql = (
        "SELECT disposition, count() AS records FROM record_dispositions WHERE source_topic = {topic:String} GROUP BY 1"
    )
    with ctx.clickhouse() as client:
        found = {row["disposition"]: int(row["records"]) for row in rows(client, sql, {"topic": topic})}
        return {
            "waited_sec": round(waited, 3),
            "raw_rows": row_count(client, "streaming_events", topic),
            "dispositions": {name: found.get(name, 0) for name in DISPOSITIONS},
        }


def _look(ctx: RunContext, replay: Mapping[str, Any], groups: Groups, client: Client) -> Probe:
    ctx.stack_state()
    topic, published = ctx.names.input_topic, int(replay["published"])
    behind = _behind(ctx, replay, groups)
    if behind:
        # The exact comparison costs a join: until the consumers are at the end, a count says enough.
        dispositions = row_count(client, "record_dispositions", topic)
        return Probe(False, "; ".join([f"dispositions {dispositions} of {published}", *behind]))
    missing = []
    for what, table, kinds in (
        ("dispositions", "record_dispositions", ALL_VALUE_KINDS),
        ("raw rows", "streaming_events", RAW_VALUE_KINDS),
    ):
        present, expected = unaccounted(client, table, topic, kinds)
        if present < expected:
            missing.append(f"{what} {present} of {expected}")
    if not missing and (running := inserts_running(client)):
        missing.append(f"{running} inserts still running")
    return Probe(not missing, "; ".join(missing))


def _behind(ctx: RunContext, replay: Mapping[str, Any], groups: Groups) -> list[str]:
    topic, starts = ctx.names.input_topic, replay["start_offsets"]
    behind = []
    for consumer, group, ends in (
        ("processor", ctx.names.processor_group, replay["end_offsets"]),
        ("raw consumer", ctx.names.raw_group, replay["raw_end_offsets"]),
    ):
        committed = groups.committed(group, topic, map(int, ends))
        for partition, end in ends.items():
            start = starts[partition]
            reached = committed.get(int(partition), start)
            if reached < end:
                behind.append(f"{consumer} at partition {partition} committed {reached - start} of {end - start}")
    return behind
