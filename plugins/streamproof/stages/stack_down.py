"""Stage `stack_down`: take the run's stack down. It runs even when other stages have failed."""

from __future__ import annotations

from streamproof.model.errors import StackError
from streamproof.model.plan import EXTERNAL
from streamproof.runs.context import RunContext, StageOutcome
from streamproof.runtime.stack import stop_stack
from streamproof.stages import external_stack

TIMEOUT_SEC = 60.0


def run(ctx: RunContext) -> StageOutcome:
    """Stop the run's services and remove what the run and its services created; the logs stay.

    A second call changes nothing. Raises StackError when something that belongs to the run could not be removed, or the
    processor did not end when it was asked to.
    """
    stopped = take_down_stack(ctx, timeout=TIMEOUT_SEC)
    ctx.log("stack stopped" if stopped else "no stack was running")
    state = ctx.folder.read_stack_state()
    if state is not None and state.killed:
        raise StackError(state.killed, hint=state.killed_hint)
    return StageOutcome(details={"stopped": stopped})


def take_down_stack(ctx: RunContext, *, timeout: float) -> bool:
    """Take down a run's stack of any kind. Return whether there was anything to stop or remove. Raises StackError."""
    if ctx.plan.stack == EXTERNAL:
        return external_stack.take_down(ctx, timeout=timeout)
    return stop_stack(ctx.folder.stack, timeout=timeout)
