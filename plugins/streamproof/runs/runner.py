"""The order of a run: bring up, replay, drain, judge, publish, take down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from streamproof.model.errors import UsageError
from streamproof.model.plan import CONSERVATION, CONTRACTS, PROVE
from streamproof.model.results import StageResult, Status
from streamproof.runs.context import RunContext
from streamproof.runs.execute import StageFunction, execute
from streamproof.runs.folder import read_json
from streamproof.runs.stage_process import StageProcess
from streamproof.stages import (
    assertions,
    conservation,
    contracts,
    inject,
    oracle,
    pipeline_ready,
    pipeline_wait,
    prove,
    publish_summary,
    query_pack,
    replay_events,
    schema_apply,
    stack_down,
    stack_up,
    warehouse_check,
)

OnEvent = Callable[[str, StageResult | None], None]
Step = Callable[..., StageResult]

STAGES: Mapping[str, StageFunction] = {
    "stack_up": stack_up.run,
    "warehouse_check": warehouse_check.run,
    "schema_apply": schema_apply.run,
    "pipeline_ready": pipeline_ready.run,
    "replay_events": replay_events.run,
    "pipeline_wait": pipeline_wait.run,
    "inject": inject.run,
    "query_pack": query_pack.run,
    CONTRACTS: contracts.run,
    CONSERVATION: conservation.run,
    "oracle": oracle.run,
    "prove": prove.run,
    "publish_summary": publish_summary.run,
    "stack_down": stack_down.run,
}

SUITE_PREFIX = "assert_"


def stage_function(stage: str) -> StageFunction:
    """Return the function of a stage; `assert_<suite>` is the stage of that suite. Raises UsageError."""
    if stage.startswith(SUITE_PREFIX):
        return partial(assertions.run, suite=stage.removeprefix(SUITE_PREFIX))
    if stage not in STAGES:
        raise UsageError(f"There is no stage '{stage}'.", hint=f"Stages: {', '.join(STAGES)}, assert_<suite>.")
    return STAGES[stage]


def run_stage(ctx: RunContext, stage: str) -> StageResult:
    """Run one stage and keep its result; after the teardown, the published files are brought up to date."""
    result = execute(ctx, stage, stage_function(stage))
    if stage == "stack_down" and ctx.folder.summary.exists():
        publish_summary.publish(ctx)
    return result


def run_all(ctx: RunContext, on_event: OnEvent) -> dict[str, Any]:
    """Run every stage of a planned run and return its summary.

    `on_event` is told (stage, None) when a stage starts and (stage, result) when it ends, also from worker threads.
    Whatever happens, the summary is published and the stack is taken down (unless it is to be kept).
    """

    def step(stage: str, run: Callable[[], StageResult] | None = None) -> StageResult:
        on_event(stage, None)
        result = run() if run else run_stage(ctx, stage)
        on_event(stage, result)
        return result

    try:
        # Great Expectations takes seconds to import, and is Python alone: its process gets ready while services start.
        with StageProcess(ctx, CONTRACTS) as apart:
            _prepare_and_judge(ctx, step, apart)
    finally:
        step("publish_summary")
        if not (ctx.plan.keep_stack or ctx.plan.observes):
            step("stack_down")
    summary: dict[str, Any] = read_json(ctx.folder.summary)
    return summary


def _prepare_and_judge(ctx: RunContext, step: Step, apart: StageProcess) -> None:
    judging = ctx.plan.judging_stages
    for stage in (stage for stage in ctx.plan.planned_stages if stage not in judging):
        if step(stage).status is Status.PASSED:
            continue
        if stage != "pipeline_wait" or ctx.stack_failure() is not None:
            return
        # What did not drain in time is judged all the same: the checks say what is missing. The verdict stays `error`.
    # The process is left first: an interrupt ends it, and with it the thread that waits for it.
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix=apart.stage) as beside, apart:
        judged_apart = beside.submit(step, apart.stage, apart.run)
        # A suite keeps the server busy by itself. Two at once take as long, and no check's time would be its own.
        for stage in (stage for stage in judging if stage not in (apart.stage, PROVE)):
            step(stage)
        judged_apart.result()
    if PROVE in judging:
        step(PROVE)
