"""What a run that did not pass leaves to look at: logs, failing checks, offsets, records, traces of sessions."""

from __future__ import annotations

import shutil
import traceback
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from streamproof.model.errors import StackError, StreamproofError
from streamproof.model.plan import COMPOSE
from streamproof.model.results import CheckResult, Status
from streamproof.runs.context import RunContext
from streamproof.runs.folder import read_json
from streamproof.runtime.compose.project import CONTAINERS_FILE, describe_containers
from streamproof.runtime.files import write_json
from streamproof.stages.accounting import ask_pack
from streamproof.stages.session_traces import trace_failing_sessions
from streamproof.warehouse.base import Warehouse
from streamproof.warehouse.values import LEDGER, RecordTable

# Of a run that failed altogether, the first ones tell why.
MOST_RECORDS = 200
# What a replay that ended well knows.
_OFFSETS = ("start_offsets", "end_offsets", "raw_end_offsets")

Found = TypeVar("Found")


def collect_diagnostics(ctx: RunContext) -> None:
    """Fill the run's diagnostics folder. What cannot be had (a dead ClickHouse) is named there, not raised."""
    folder = ctx.folder.diagnostics
    folder.mkdir(parents=True, exist_ok=True)
    _attempt(ctx, "logs", lambda: _copy_logs(ctx))
    failing = _attempt(ctx, "failing checks", lambda: failing_checks(ctx)) or []
    _keep(ctx, "failing_checks.json", lambda _: [check.as_json() for check in failing])
    if ctx.folder.stack.is_dir():
        _keep(ctx, "stack_state.json", _stack_state)
    if ctx.plan.stack == COMPOSE:
        _keep(ctx, "containers.json", containers)
    if not ctx.plan.observes:
        _keep(ctx, "offsets.json", offsets)
        if ctx.pack.accounting.dispositions:
            _keep(ctx, "rejected_records.json", _rejected_records)
        if ctx.pack.accounting.raw:
            _keep(ctx, "offending_records.json", lambda run: offending_records(run, offending_places(failing)))
    _attempt(ctx, "sessions", lambda: trace_failing_sessions(ctx, failing))


def _copy_logs(ctx: RunContext) -> None:
    logs = ctx.folder.stack / "logs"
    if logs.is_dir():
        shutil.copytree(logs, ctx.folder.diagnostics / "logs", dirs_exist_ok=True)


def _stack_state(ctx: RunContext) -> dict[str, Any]:
    state = ctx.folder.read_stack_state()
    return state.as_json() if state else {}


def containers(ctx: RunContext) -> dict[str, Any]:
    """Return how the run's containers are, or were when they were removed. Raises StackError."""
    before = ctx.folder.stack / CONTAINERS_FILE
    if before.exists():
        return {"containers": read_json(before)}
    return {"containers": describe_containers(ctx.stack_state(), ctx.plan.docker_host)}


def failing_checks(ctx: RunContext) -> list[CheckResult]:
    """Return the checks that failed or could not be judged, in the order of the stages."""
    results = (ctx.folder.read_stage(stage) for stage in ctx.plan.judging_stages)
    return [
        check
        for result in results
        if result is not None
        for check in result.checks
        if check.status in (Status.FAILED, Status.ERRORED)
    ]


def offsets(ctx: RunContext) -> dict[str, Any]:
    """Return, by consumer and partition, from where to where it had to read and how far it has committed.

    `behind` counts the records that it has not got to. Raises StackError when Kafka does not answer or no replay ended,
    or one ended before everything was published: then nobody knows how far the consumers had to read.
    """
    replay, topic = ctx.stage_details("replay_events"), ctx.names.input_topic
    if unknown := [name for name in _OFFSETS if name not in replay]:
        raise StackError(
            f"The replay ended without {', '.join(unknown)}: not everything was published.",
            hint="The log of stage replay_events says why.",
        )
    groups = ctx.transport.consumers(ctx.kafka())
    found: dict[str, Any] = {"topic": topic}
    for role in ctx.pack.accounting.drained.consumer_groups:
        group, ends = ctx.names.groups[role], replay["raw_end_offsets" if role == "raw" else "end_offsets"]
        committed = groups.committed(group, topic, map(int, ends))
        partitions = {}
        for partition, end in ends.items():
            start = replay["start_offsets"][partition]
            reached = committed.get(int(partition))
            behind = end - max(start if reached is None else reached, start)
            partitions[partition] = {"start": start, "end": end, "committed": reached, "behind": max(behind, 0)}
        found["raw_consumer" if role == "raw" else role] = {"group": group, "partitions": partitions}
    return found


def offending_places(failing: Iterable[CheckResult]) -> list[tuple[int, int]]:
    """Return the (partition, offset) of every Kafka record that a check's diagnostics name, each once.

    Examples of records are lists under a name that tells their parts: `partition_offset_id` holds [0, 17, "ab12"].
    """
    places: dict[tuple[int, int], None] = {}
    for check in failing:
        for name, examples in check.diagnostics.items():
            words = name.split("_")
            if not {"partition", "offset"} <= set(words) or not isinstance(examples, list):
                continue
            parts = words.index("partition"), words.index("offset")
            places.update((place, None) for example in examples if (place := _place(example, *parts)))
    return list(places)


def _place(example: Any, partition: int, offset: int) -> tuple[int, int] | None:
    if not isinstance(example, list) or len(example) <= max(partition, offset):
        return None
    place = example[partition], example[offset]
    return place if all(isinstance(part, int) for part in place) else None


def offending_records(ctx: RunContext, places: list[tuple[int, int]]) -> dict[str, Any]:
    """Return what was published at these places and what the raw layer holds of it, by table.

    The rows that later layers made of it are in the trace of its session. Raises StackError or WarehouseError.
    """
    shown = places[:MOST_RECORDS]
    found: dict[str, Any] = {"records": len(places), "shown": len(shown), "tables": {}}
    if not shown:
        return found
    with ctx.warehouse() as warehouse:
        for table in (LEDGER, *_record_tables(ctx, warehouse)):
            found["tables"][table.table] = warehouse.records_at(table, ctx.names.input_topic, shown)
    return found


def _record_tables(ctx: RunContext, warehouse: Warehouse) -> list[RecordTable]:
    """Return the tables of the first layer whose rows tell the record that they come from."""
    raw = ctx.pack.accounting.raw
    if raw is None:
        return []
    shapes = warehouse.shapes(next(iter(ctx.pack.layers.values())))
    columns = {raw.topic, raw.partition, raw.offset}
    return [
        RecordTable(name, raw.topic, raw.partition, raw.offset)
        for name, shape in shapes.items()
        if columns <= shape.columns.keys()
    ]


def _rejected_records(ctx: RunContext) -> dict[str, Any]:
    if ctx.pack.accounting.dispositions is None:
        return {"not_collected": "the pack names no table of dispositions"}
    with ctx.warehouse() as warehouse:
        return {"records": ask_pack(ctx, warehouse, "rejected_records")}


def _keep(ctx: RunContext, name: str, collect: Callable[[RunContext], dict[str, Any] | list[Any]]) -> None:
    """Write what `collect` returns, or why it could not be had."""
    try:
        write_json(ctx.folder.diagnostics / name, collect(ctx))
    except Exception as problem:  # noqa: BLE001 - what cannot be had must not cost the verdict; the log says why
        why = _logged(ctx, name, problem)
        write_json(ctx.folder.diagnostics / name, {"not_collected": why})


def _attempt(ctx: RunContext, name: str, collect: Callable[[], Found]) -> Found | None:
    """Return what `collect` returns, None when it could not be had."""
    try:
        return collect()
    except Exception as problem:  # noqa: BLE001 - as above
        _logged(ctx, name, problem)
        return None


def _logged(ctx: RunContext, name: str, problem: Exception) -> str:
    """Log why something could not be collected, a defect with its traceback, and return it."""
    if isinstance(problem, StreamproofError):
        ctx.log(f"{name} not collected: {problem.message}")
        return problem.message
    ctx.log(f"{name} not collected:\n{''.join(traceback.format_exception(problem))}")
    return f"{type(problem).__name__}: {problem}"
