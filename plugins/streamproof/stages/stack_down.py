"""Take the run's stack down: the teardown that runs whatever happened."""

from __future__ import annotations

from streamproof.model.plan import EXTERNAL
from streamproof.runs.context import RunContext, StageOutcome
from streamproof.runtime.stack import stop_stack
from streamproof.stages import external_stack

TIMEOUT_SEC = 60.0


def run(ctx: RunContext) -> StageOutcome:
    """Stop the services of the run and remove what they and it created; the logs stay. Doing it twice is harmless.

    Raises StackError when something of the run's is left.
    """
    stopped = take_down_stack(ctx, timeout=TIMEOUT_SEC)
    ctx.log("stack stopped" if stopped else "no stack was running")
    return StageOutcome(details={"stopped": stopped})


def take_down_stack(ctx: RunContext, *, timeout: float) -> bool:
    """Take a run's stack down, whatever kind it is; True when something was still there. Raises StackError."""
    if ctx.plan.stack == EXTERNAL:
        return external_stack.take_down(ctx, timeout=timeout)
    return stop_stack(ctx.folder.stack, timeout=timeout)
