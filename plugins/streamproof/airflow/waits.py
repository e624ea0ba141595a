"""The condition of a waiting stage, for its sensor and its trigger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamproof.model.errors import UsageError
from streamproof.stages.registry import STAGES

if TYPE_CHECKING:
    from streamproof.runs.context import RunContext
    from streamproof.runs.stage import Wait


def wait_of(ctx: RunContext, stage: str) -> Wait:
    """Return the condition of `stage`.

    Raises StackError when an earlier stage is missing, UsageError for a stage that does not wait.
    """
    wait = STAGES[stage].wait
    if wait is None:
        raise UsageError(f"Stage {stage} does not wait.", hint="A sensor is for a stage with `wait`.")
    return wait(ctx)
