"""Run one stage: measure its time, write its logs, turn its outcome or error into a result, and store the result."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from streamproof.model.errors import StreamproofError
from streamproof.model.results import StageResult, Status, worst
from streamproof.model.window import iso_ms
from streamproof.runs.context import RunContext, StageOutcome
from streamproof.runtime.stack import settled_state

StageFunction = Callable[[RunContext], StageOutcome]


def _append(path: Path) -> TextIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("a", encoding="utf-8", buffering=1)


def _cause(ctx: RunContext, problem: StreamproofError) -> tuple[str, str]:
    """Return message and hint of the cause: of the service that failed, if one did, else of the stage's error."""
    state = settled_state(ctx.folder.stack)
    if state is not None and state.status == "failed" and state.error:
        return state.error, state.hint or problem.hint
    return problem.message, problem.hint


def execute(ctx: RunContext, stage: str, function: StageFunction) -> StageResult:
    """Run `function` as `stage` and store its result. An exception becomes an errored result and is never raised.

    The result has the message and hint of a StreamproofError. When a service of the run has died meanwhile, it has the
    service's error instead, because that is the cause. Any other exception is a defect: the result names it, and the
    stage's log has the traceback.
    """
    started, clock = datetime.now(UTC), time.monotonic()
    with _append(ctx.folder.stages / f"{stage}.log") as stage_log, _append(ctx.folder.log) as run_log:

        def log(line: str) -> None:
            stamped = f"{iso_ms(datetime.now(UTC))} {ctx.without_secrets(line)}\n"
            stage_log.write(stamped)
            run_log.write(f"[{stage}] {stamped}")

        log("started")
        error = hint = None
        outcome = StageOutcome()
        try:
            outcome = function(ctx.logging_to(log))
            status = outcome.status or worst(check.status for check in outcome.checks)
            if not outcome.checks and outcome.status is None:
                status = Status.PASSED
        except StreamproofError as problem:
            status, (error, hint) = Status.ERRORED, _cause(ctx, problem)
            log(problem.message)
        except Exception as problem:  # noqa: BLE001 - any failure must become a result; the traceback is in the log
            status, error = Status.ERRORED, f"{type(problem).__name__}: {problem}"
            hint = f"This is a defect of streamproof or of the pack. The traceback is in stages/{stage}.log."
            log(traceback.format_exc())
        log(f"{status.value}{f': {error}' if error else ''}")
    # A hint may have the last lines of a program's log.
    error, hint = (ctx.without_secrets(text) if text else text for text in (error, hint))
    result = StageResult(
        stage=stage,
        status=status,
        started_at=iso_ms(started),
        ended_at=iso_ms(datetime.now(UTC)),
        duration_sec=time.monotonic() - clock,
        error=error,
        hint=hint,
        details=outcome.details,
        checks=outcome.checks,
    )
    ctx.folder.write_stage(result)
    return result
