"""Find and take down the stack of a DAG run that ended without its teardown, because it ran out of time for example."""

from __future__ import annotations

import logging
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from streamproof.airflow.settings import folders_of
from streamproof.environment import Environment
from streamproof.model.errors import StreamproofError
from streamproof.model.plan import EXTERNAL
from streamproof.model.results import Status

if TYPE_CHECKING:
    from streamproof.runs.context import RunContext

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LeftStack:
    """The stack of a DAG run that ended without taking it down."""

    ctx: RunContext

    @property
    def is_slow(self) -> bool:
        """Return whether taking it down takes longer than a callback may: brokers keep a group for minutes."""
        return self.ctx.plan.stack == EXTERNAL

    @property
    def by_hand(self) -> str:
        """Return the command that takes it down."""
        return f"streamproof stack down {shlex.quote(self.ctx.plan.run_id)}"

    def end(self) -> str:
        """Take the stack down as task `stack_down` does, and return the result as a sentence. It never raises.

        The sentence is '' when nothing was up any more.
        """
        from streamproof.runs.runner import run_stage
        from streamproof.stages.registry import STAGES

        try:
            result = run_stage(self.ctx, STAGES["stack_down"])
        except Exception as error:  # noqa: BLE001 - any error is reported as a stack that is still up
            return self._still_up(f"{type(error).__name__}: {error}")
        if result.status is not Status.PASSED:
            return self._still_up(f"{result.error or result.status.value} {result.hint or ''}".strip())
        return "Its stack was still up and has been taken down." if result.details.get("stopped") else ""

    def _still_up(self, why: str) -> str:
        return f"Its stack may still be up: {why} Take it down with `{self.by_hand}`."


def left_stack(settings: Environment, dag_id: str, dag_run_id: str) -> LeftStack | None:
    """Return the stack that a run of a DAG has left; None if it took it down, had none, or was told to keep it."""
    from streamproof.airflow.connections import with_connections
    from streamproof.runs.context import RunContext

    folders = folders_of(settings.artifacts, dag_id, dag_run_id)
    if not folders or not (folders[-1] / "plan.json").is_file():
        return None
    try:
        ctx = with_connections(RunContext.open(folders[-1]))
        return LeftStack(ctx) if _is_left(ctx) else None
    except (StreamproofError, OSError, ValueError) as error:  # a plan that is torn, for example
        log.warning("Whether run %s left a stack is unknown: %s", dag_run_id, error)
        return None


def _is_left(ctx: RunContext) -> bool:
    if ctx.plan.keep_stack or ctx.plan.observes:
        return False
    down = ctx.folder.read_stage("stack_down")
    if down is not None and down.status is Status.PASSED:
        return False
    # A stack that was started has a specification in this folder, or the addresses of external services.
    return ctx.folder.stack.is_dir() and any(ctx.folder.stack.iterdir())
