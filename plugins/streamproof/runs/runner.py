"""Run the stages of a plan: those that prepare in their order, then the checks, then publish and take down."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

from streamproof.model.results import StageResult, Status
from streamproof.runs.context import RunContext
from streamproof.runs.execute import execute
from streamproof.runs.folder import read_json
from streamproof.runs.stage import Stage, StageList
from streamproof.runs.stage_process import StageProcess

OnEvent = Callable[[str, StageResult | None], None]
Step = Callable[..., StageResult]


def run_stage(ctx: RunContext, stage: Stage) -> StageResult:
    """Run one stage and write its result to the run's folder."""
    result = execute(ctx, stage.name, stage.function)
    if stage.afterwards:
        stage.afterwards(ctx)
    return result


def run_all(ctx: RunContext, stages: StageList, on_event: OnEvent) -> dict[str, Any]:
    """Run every stage of a planned run and return its summary.

    `on_event` is called with (stage, None) when a stage starts and (stage, result) when it ends, also from worker
    threads. Whatever happens, the summary is published and the stack is taken down (unless it is to be kept).
    """

    def step(stage: Stage, run: Callable[[], StageResult] | None = None) -> StageResult:
        on_event(stage.name, None)
        result = run() if run else run_stage(ctx, stage)
        on_event(stage.name, result)
        return result

    planned = [stages[name] for name in ctx.plan.planned_stages]
    try:
        with ExitStack() as processes:
            apart = {stage: processes.enter_context(StageProcess(ctx, stage)) for stage in planned if stage.process}
            if _prepare(ctx, [stage for stage in planned if not stage.judges], step):
                _judge([stage for stage in planned if stage.judges], step, apart)
    finally:
        for name in ctx.plan.ending_stages:
            step(stages[name])
    summary: dict[str, Any] = read_json(ctx.folder.summary)
    return summary


def _prepare(ctx: RunContext, stages: list[Stage], step: Step) -> bool:
    """Run what comes before the checks; return whether there is something to judge."""
    for stage in stages:
        passed = step(stage).status is Status.PASSED
        if not passed and (not stage.may_be_late or ctx.stack_failure() is not None):
            return False
    return True


def _judge(stages: list[Stage], step: Step, apart: dict[Stage, StageProcess]) -> None:
    """Run the checks: those with a process of their own beside the others, and last what waits for other checks."""
    names = {name for stage in stages for name in (stage.name, "assert_suite")}
    last = [stage for stage in stages if names & set(stage.after)]
    with ThreadPoolExecutor(max_workers=max(len(apart), 1), thread_name_prefix="apart") as beside, ExitStack() as ends:
        # The processes end first: an interrupt ends them, and with them the threads that wait for them.
        for process in apart.values():
            ends.callback(process.close)
        judged_apart = [beside.submit(step, stage, process.run) for stage, process in apart.items()]
        # A suite keeps the server busy by itself. Two at once take as long, and no check's time would be its own.
        for stage in stages:
            if stage not in apart and stage not in last:
                step(stage)
        for judged in judged_apart:
            judged.result()
    for stage in last:
        step(stage)
