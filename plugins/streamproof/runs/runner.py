"""Run the stages of a plan: first the preparing stages in order, then the checks, then publishing and teardown."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import Any

from streamproof.model.errors import StackError
from streamproof.model.results import StageResult, Status
from streamproof.model.waiting import shown_by
from streamproof.runs.context import RunContext
from streamproof.runs.execute import execute
from streamproof.runs.folder import read_json
from streamproof.runs.stage import Stage, StageList
from streamproof.runs.stage_process import StageProcess

OnEvent = Callable[[str, StageResult | None], None]
OnWork = Callable[[str, str], None]
Step = Callable[..., StageResult]


def run_stage(ctx: RunContext, stage: Stage) -> StageResult:
    """Run one stage and write its result to the run's folder."""
    result = execute(ctx, stage.name, stage.function)
    if stage.afterwards:
        stage.afterwards(ctx)
    return result


def _not_shown(_stage: str, _text: str) -> None:
    """Show nothing. This is the default."""


def run_all(ctx: RunContext, stages: StageList, on_event: OnEvent, on_work: OnWork = _not_shown) -> dict[str, Any]:
    """Run every stage of a planned run and return its summary.

    `on_event` is called with (stage, None) when a stage starts and (stage, result) when it ends, and `on_work` with
    (stage, text) when a stage says what it waits for; both also from worker threads. The summary is published and the
    stack is taken down even after an error, unless the stack is kept. Raises StackError when the summary cannot be
    published.
    """

    def step(stage: Stage, run: Callable[[], StageResult] | None = None) -> StageResult:
        on_event(stage.name, None)
        with shown_by(partial(on_work, stage.name)):
            result = run() if run else run_stage(ctx, stage)
        on_event(stage.name, result)
        return result

    planned = [stages[name] for name in ctx.plan.planned_stages]
    try:
        with ExitStack() as processes:
            separate = {stage: processes.enter_context(StageProcess(ctx, stage)) for stage in planned if stage.process}
            if _prepare(ctx, [stage for stage in planned if not stage.judges], step):
                _judge([stage for stage in planned if stage.judges], step, separate)
    finally:
        ended = [step(stages[name]) for name in ctx.plan.ending_stages]
    return _summary(ctx, ended)


def _summary(ctx: RunContext, ended: list[StageResult]) -> dict[str, Any]:
    """Return the run's summary. Raises StackError with the stage's error when it could not be published."""
    if not ctx.folder.summary.is_file():
        error, hint = next(((stage.error, stage.hint) for stage in ended if stage.error), ("no stage says why", None))
        raise StackError(
            f"The run's summary was not written: {error}",
            hint=hint or f"The logs of its stages are in {ctx.folder.stages}.",
        )
    summary: dict[str, Any] = read_json(ctx.folder.summary)
    return summary


def _prepare(ctx: RunContext, stages: list[Stage], step: Step) -> bool:
    """Run the stages before the checks. Return whether the checks can run."""
    for stage in stages:
        passed = step(stage).status is Status.PASSED
        if not passed and (not stage.may_be_late or ctx.stack_failure() is not None):
            return False
    return True


def _judge(stages: list[Stage], step: Step, separate: dict[Stage, StageProcess]) -> None:
    """Run the judging stages.

    Stages with a process of their own run in parallel to the others. Stages that wait for other checks run last.
    """
    names = {name for stage in stages for name in (stage.name, "assert_suite")}
    last = [stage for stage in stages if names & set(stage.after)]
    with (
        ThreadPoolExecutor(max_workers=max(len(separate), 1), thread_name_prefix="apart") as pool,
        ExitStack() as ends,
    ):
        # After an interrupt, the processes are ended before the threads are joined: each thread waits for one.
        for process in separate.values():
            ends.callback(process.close)
        pending = [pool.submit(step, stage, process.run) for stage, process in separate.items()]
        # One suite keeps the server busy. Two at once would take as long and distort the duration of each check.
        for stage in stages:
            if stage not in separate and stage not in last:
                step(stage)
        for judged in pending:
            judged.result()
    for stage in last:
        step(stage)
