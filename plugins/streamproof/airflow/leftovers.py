"""What a DAG run that has ended may have left up, and its end: a run that ran out of time never got to its teardown."""

from __future__ import annotations

import logging
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from streamproof.airflow.settings import attempts, run_id_of
from streamproof.environment import Environment
from streamproof.model.errors import StreamproofError
from streamproof.model.plan import EXTERNAL
from streamproof.model.results import Status

if TYPE_CHECKING:
    from streamproof.runs.context import RunContext

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LeftStack:
    """The stack of a DAG run that has ended without taking it down."""

    ctx: RunContext

    @property
    def is_slow(self) -> bool:
        """Tell whether its end takes longer than Airflow waits for a callback: brokers keep a group for minutes."""
        return self.ctx.plan.stack == EXTERNAL

    @property
    def by_hand(self) -> str:
        """Return the command that takes it down."""
        return f"streamproof stack down {shlex.quote(self.ctx.plan.run_id)}"

    def end(self) -> str:
        """Take the stack down as task `stack_down` does, and say in a sentence what came of it. Never raises.

        The sentence is empty where nothing was up any more.
        """
        from streamproof.runs.runner import run_stage
        from streamproof.stages.registry import STAGES

        try:
            result = run_stage(self.ctx, STAGES["stack_down"])
        except Exception as error:  # noqa: BLE001 - what is left is reported, whatever prevents its end
            return self._still_up(f"{type(error).__name__}: {error}")
        if result.status is not Status.PASSED:
            return self._still_up(f"{result.error or result.status.value} {result.hint or ''}".strip())
        return "Its stack was still up and has been taken down." if result.details.get("stopped") else ""

    def _still_up(self, why: str) -> str:
        return f"Its stack may still be up: {why} Take it down with `{self.by_hand}`."


def left_stack(settings: Environment, dag_run_id: str) -> LeftStack | None:
    """Return the stack that a DAG run has left up; None where it took it down, never had one, or was to keep it."""
    from streamproof.airflow.connections import with_connections
    from streamproof.runs.context import RunContext

    folders = attempts(settings.artifacts, run_id_of(dag_run_id))
    if not folders or not (folders[-1] / "plan.json").is_file():
        return None
    try:
        ctx = with_connections(RunContext.open(folders[-1]))
        return LeftStack(ctx) if _is_left(ctx) else None
    except StreamproofError as error:
        log.warning("Whether run %s left a stack is unknown: %s", dag_run_id, error.message)
        return None


def _is_left(ctx: RunContext) -> bool:
    if ctx.plan.keep_stack or ctx.plan.observes:
        return False
    down = ctx.folder.read_stage("stack_down")
    if down is not None and down.status is Status.PASSED:
        return False
    # What was begun left a specification there, or the note of what is outside.
    return ctx.folder.stack.is_dir() and any(ctx.folder.stack.iterdir())
