"""Collect the diagnostics of a run that did not pass: logs, failing checks, offsets, records, session traces."""

from __future__ import annotations

import shutil
import traceback
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any, TypeVar

from streamproof.model.errors import StackError, StreamproofError
from streamproof.model.plan import COMPOSE
from streamproof.model.results import CheckResult, Status
from streamproof.runs.context import RunContext
from streamproof.runs.folder import read_json
from streamproof.runtime.compose.project import CONTAINERS_FILE, describe_containers
from streamproof.runtime.files import write_json
from streamproof.stages.flink.job import flink_client, run_job, submitted_job
from streamproof.stages.judging.accounting import ask_pack, counts_dispositions
from streamproof.stages.publishing.session_traces import trace_failing_sessions
from streamproof.stages.serving.source import answered
from streamproof.warehouse.base import Warehouse
from streamproof.warehouse.values import LEDGER, RecordTable

# A broken pipeline may affect every record of a run. The first ones are enough to find the cause.
MOST_RECORDS = 200
# Details that only a completed replay has.
_OFFSETS = ("start_offsets", "end_offsets", "raw_end_offsets")

Found = TypeVar("Found")


def collect_diagnostics(ctx: RunContext) -> None:
    """Fill the run's diagnostics folder. A failure (a dead ClickHouse, say) is noted there, not raised."""
    folder = ctx.folder.diagnostics
    folder.mkdir(parents=True, exist_ok=True)
    _attempt(ctx, "logs", lambda: _copy_logs(ctx))
    failing = _attempt(ctx, "failing checks", lambda: failing_checks(ctx)) or []
    _write(ctx, "failing_checks.json", lambda _: [check.as_json() for check in failing])
    if ctx.folder.stack.is_dir():
        _write(ctx, "stack_state.json", _stack_state)
    if ctx.plan.stack == COMPOSE:
        _write(ctx, "containers.json", containers)
    if run_job(ctx):
        _write(ctx, "flink.json", job_diagnostics)
    if not ctx.plan.observes:
        if ctx.pack.source:
            _write(ctx, "requests.json", requests)
        else:
            _write(ctx, "offsets.json", offsets)
        if counts_dispositions(ctx):
            _write(ctx, "rejected_records.json", _rejected_records)
        if ctx.pack.accounting.raw:
            _write(ctx, "offending_records.json", lambda run: offending_records(run, offending_places(failing)))
    _attempt(ctx, "sessions", lambda: trace_failing_sessions(ctx, failing))


def _copy_logs(ctx: RunContext) -> None:
    logs = ctx.folder.stack / "logs"
    if logs.is_dir():
        shutil.copytree(logs, ctx.folder.diagnostics / "logs", dirs_exist_ok=True)


def _stack_state(ctx: RunContext) -> dict[str, Any]:
    state = ctx.folder.read_stack_state()
    return state.as_json() if state else {}


def containers(ctx: RunContext) -> dict[str, Any]:
    """Return the state of the run's containers, or their last state before they were removed. Raises StackError."""
    saved = ctx.folder.stack / CONTAINERS_FILE
    if saved.exists():
        return {"containers": read_json(saved)}
    return {"containers": describe_containers(ctx.stack_state(), ctx.plan.docker_host)}


def job_diagnostics(ctx: RunContext) -> dict[str, Any]:
    """Return the state of the run's job on Flink: restarts, root cause, checkpoints, back pressure, lag, failures.

    Raises StackError when the run has no job, or the cluster does not answer.
    """
    from streamproof.flink.job_report import job_report  # noqa: PLC0415 - a run without Flink does not load its client

    job_id = submitted_job(ctx).job_id
    with flink_client(ctx) as client:
        found = job_report(client, job_id)
        history = [checkpoint.model_dump() for checkpoint in client.checkpoints(job_id).completed]
        failures = [failure.model_dump() for failure in client.failures(job_id)]
    return {**found, "checkpoint_history": history, "failures": failures}


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
    """Return the start, end and committed offsets of each consumer by partition.

    `behind` is the number of records up to the end offset that the consumer has not committed. Raises StackError when
    Kafka does not answer, or when the replay did not publish everything: the end offsets are then unknown.
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


def requests(ctx: RunContext) -> list[Any]:
    """Return what the pipeline has asked the run's source for, and what it got. Raises StackError."""
    return [asdict(request) for request in answered(ctx)]


def offending_places(failing: Iterable[CheckResult]) -> list[tuple[int, int]]:
    """Return the distinct (partition, offset) of the Kafka records in the diagnostics of the failing checks.

    The name of a diagnostic says which parts its examples have: `partition_offset_id` holds lists as [0, 17, "ab12"].
    """
    places: dict[tuple[int, int], None] = {}
    for check in failing:
        for name, examples in check.diagnostics.items():
            name_parts = name.split("_")
            if not {"partition", "offset"} <= set(name_parts) or not isinstance(examples, list):
                continue
            parts = name_parts.index("partition"), name_parts.index("offset")
            places.update((location, None) for example in examples if (location := _location(example, *parts)))
    return list(places)


def _location(example: Any, partition: int, offset: int) -> tuple[int, int] | None:
    if not isinstance(example, list) or len(example) <= max(partition, offset):
        return None
    location = example[partition], example[offset]
    return location if all(isinstance(part, int) for part in location) else None


def offending_records(ctx: RunContext, places: list[tuple[int, int]]) -> dict[str, Any]:
    """Return the ledger rows and raw-layer rows of the records at these (partition, offset) pairs, by table.

    The session traces show the rows of later layers. Raises StackError or WarehouseError.
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
    """Return the tables of the first layer that have the topic, partition and offset of their record."""
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


def _write(ctx: RunContext, name: str, collect: Callable[[RunContext], dict[str, Any] | list[Any]]) -> None:
    """Write what `collect` returns, or the reason why it failed."""
    try:
        write_json(ctx.folder.diagnostics / name, collect(ctx))
    except Exception as problem:  # noqa: BLE001 - a failure here must not affect the verdict; it is logged
        why = _logged(ctx, name, problem)
        write_json(ctx.folder.diagnostics / name, {"not_collected": why})


def _attempt(ctx: RunContext, name: str, collect: Callable[[], Found]) -> Found | None:
    """Return what `collect` returns, None when it failed."""
    try:
        return collect()
    except Exception as problem:  # noqa: BLE001 - a failure here must not affect the verdict; it is logged
        _logged(ctx, name, problem)
        return None


def _logged(ctx: RunContext, name: str, problem: Exception) -> str:
    """Log why something could not be collected, with a traceback for an unexpected error, and return the reason."""
    if isinstance(problem, StreamproofError):
        ctx.log(f"{name} not collected: {problem.message}")
        return problem.message
    ctx.log(f"{name} not collected:\n{''.join(traceback.format_exception(problem))}")
    return f"{type(problem).__name__}: {problem}"
