"""Replay a fixture set by serving it: run the pipeline as often as its pack says, each time to its end."""

from __future__ import annotations

import os
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from streamproof.fixtures.ordering import ReplayPlan
from streamproof.model.errors import StackError
from streamproof.runs.context import RunContext, StageOutcome
from streamproof.runs.processors import processor_launch, processor_secrets
from streamproof.runtime.files import last_lines
from streamproof.runtime.programs.command import command_of
from streamproof.runtime.programs.running import Ended, Program, run_to_end
from streamproof.runtime.stack_spec import ProcessorLaunch
from streamproof.runtime.supervisor import PASSED_ON
from streamproof.stages.planned import id_function, known_details
from streamproof.stages.processor_ready import processor_log
from streamproof.stages.serving.repetitions import changes_since, drop_if_equal, saved_side
from streamproof.stages.serving.source import (
    answered,
    ledger_file,
    request_details,
    require_faults,
    write_client_files,
)

LEAST_TIMEOUT_SEC = 120.0
# A slower pipeline is reported as stuck.
SLOWEST_RECORDS_PER_SEC = 1_000


@dataclass(frozen=True, slots=True)
class ServedPositions:
    """The positions of served records in the ledger: the number of the file in its manifest, and the place in it."""

    topic: str
    partitions: Sequence[int]
    offsets: Sequence[int]

    @classmethod
    def of(cls, topic: str, plan: ReplayPlan) -> ServedPositions:
        """Return the positions of a set's records, both counted from 0. `topic` is the name that the ledger has."""
        numbers = {session.file: number for number, session in enumerate(plan.manifest.sessions)}
        partitions, offsets = array("I"), array("q")
        for event in plan.events:
            partitions.append(numbers[event.session.file])
            offsets.append(event.line - 1)
        return cls(topic, partitions, offsets)


def serve_set(ctx: RunContext, plan: ReplayPlan) -> StageOutcome:
    """Write the ledger, then run the pipeline to its end as often as the pack says.

    Raises StackError when it ends with another code than 0, and WaitTimeoutError when it does not end.
    """
    positions = ServedPositions.of(ctx.names.input_topic, plan)
    with ctx.warehouse() as warehouse:
        rows = warehouse.write_ledger(positions, plan.records(), plan.unstated, id_function(ctx.pack))
    ctx.log(f"{rows} rows in the ledger")
    for name in write_client_files(ctx):
        ctx.log(f"{ctx.folder.source_files / name} is for the pipeline")
    repetitions, changes = _repeated(ctx, len(plan.events))
    requests = list(answered(ctx))
    require_faults(ctx, requests)
    first = repetitions[0]["seconds"]
    details = {
        **known_details(ctx, plan),
        "files": [session.file for session in plan.manifest.sessions],
        "repetitions": repetitions,
        "changes": changes,
        **request_details(plan, requests),
        "rate_per_sec": round(len(plan.events) / first, 1) if first else None,
        "duration_sec": round(sum(one["seconds"] for one in repetitions), 6),
    }
    if details["never_served"]:
        ctx.log(f"never served in whole: {details['never_served']}")
    return StageOutcome(details=details)


def _repeated(ctx: RunContext, records: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Run the pipeline as often as the pack says; return the facts of each run, and what each later one changed."""
    repetitions = [_repetition(ctx, 1, records)]
    if ctx.pack.repeat == 1:
        return repetitions, []
    first, changes = saved_side(ctx, 1), []
    for number in range(2, ctx.pack.repeat + 1):
        repetitions.append(_repetition(ctx, number, records))
        changes.append(changes_since(ctx, first, number))
    drop_if_equal(first, changes)
    return repetitions, changes


def timeout_sec(records: int) -> float:
    """Return how many seconds the pipeline may take to fetch and store so many records."""
    return LEAST_TIMEOUT_SEC + records / SLOWEST_RECORDS_PER_SEC


def _repetition(ctx: RunContext, number: int, records: int) -> dict[str, Any]:
    """Run the pipeline once, and return its time, its memory, its requests, and the rows that there are then."""
    before = sum(1 for _ in answered(ctx))
    ended = _run_once(ctx, number, timeout_sec(records))
    asked = sum(1 for _ in answered(ctx)) - before
    if ended.code != 0:
        own = not ctx.plan.service_url
        raise StackError(
            f"The pipeline {_how(ended.code)}{_which(ctx, number)}{f', after {asked} requests' if own else ''}.",
            hint=f"Its log is {processor_log(ctx)}{f', its requests are in {ledger_file(ctx)}' if own else ''}. "
            f"Last lines:\n{last_lines(processor_log(ctx))}",
        )
    with ctx.warehouse() as warehouse:
        rows = warehouse.row_counts(ctx.pack.accounting.drained.settled_tables)
    ctx.log(
        f"run {number}: {ended.seconds:.3f} s, {ended.peak_rss_bytes / 1e6:,.0f} MB, {asked} requests, "
        f"{sum(rows.values())} rows"
    )
    return {
        "number": number,
        "seconds": round(ended.seconds, 6),
        "peak_rss_bytes": ended.peak_rss_bytes,
        "requests": asked,
        "rows": rows,
    }


def _how(code: int) -> str:
    return f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"


def _which(ctx: RunContext, number: int) -> str:
    return f" in run {number} of {ctx.pack.repeat}" if ctx.pack.repeat > 1 else ""


def _run_once(ctx: RunContext, number: int, timeout: float) -> Ended:
    launch = _launch(ctx, number)
    env: Mapping[str, str] = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    folder = ctx.folder.stack
    command = command_of(launch, ctx.stack_state(), env, folder, {"repetition": str(number)})
    program = Program(
        argv=command.argv,
        env=command.env,
        cwd=folder,
        log=processor_log(ctx),
        stop_signal=launch.stop_signal,
        grace_sec=launch.stop_grace_sec,
    )
    return run_to_end(program, timeout=timeout, watch=ctx.stack_state, message="the pipeline to end")


def _launch(ctx: RunContext, number: int) -> ProcessorLaunch:
    launch = processor_launch(ctx, number)
    if launch is None:
        raise StackError("The run has no program to start.", hint="This is a defect of streamproof.")
    return launch.with_secrets(processor_secrets(ctx))
