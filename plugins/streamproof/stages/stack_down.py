"""Take the run's stack down: the teardown that runs whatever happened."""

from __future__ import annotations

from streamproof.services.stack import stop_stack
from streamproof.stages.context import RunContext, StageOutcome

TIMEOUT_SEC = 60.0


def run(ctx: RunContext) -> StageOutcome:
    """Stop the services of the run and remove their data; the logs stay. Doing it twice is harmless."""
    stopped = stop_stack(ctx.folder.stack, timeout=TIMEOUT_SEC)
    ctx.log("stack stopped" if stopped else "no stack was running")
    return StageOutcome(details={"stopped": stopped})
