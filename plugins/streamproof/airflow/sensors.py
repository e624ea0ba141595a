"""Sensors: wait for a stage's condition without holding a worker, and record the wait as that stage's result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk import BaseSensorOperator

from streamproof.airflow import waits
from streamproof.airflow.operators import (
    has_nothing_to_do,
    not_planned,
    open_run,
    passed_or_raise,
    skip_unplanned,
)
from streamproof.airflow.page.links import REPORT_LINKS
from streamproof.airflow.triggers import StageTrigger
from streamproof.model.errors import StackError
from streamproof.model.results import StageResult
from streamproof.model.window import iso_ms, parse_utc
from streamproof.stages.registry import STAGES

if TYPE_CHECKING:
    from airflow.sdk import Context

    from streamproof.runs.context import RunContext

# The wait has its own time-out, whose error says what was missing. Airflow's time-out must be later; it is for the case
# that the triggerer has died.
GRACE = timedelta(minutes=2)


class StageSensor(BaseSensorOperator):
    """Wait for the condition of `stage`. The task is deferred only if the condition does not hold at once.

    With `deferrable=False` the stage waits inside the worker.
    """

    ui_color = "#e7f6fb"
    operator_extra_links = REPORT_LINKS

    def __init__(self, *, stage: str, deferrable: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stage = stage
        self.deferrable = deferrable

    def execute(self, context: Context) -> dict[str, Any]:
        """Record the stage when its condition holds already, else defer. Raises AirflowFailException."""
        ctx = open_run(context)
        if has_nothing_to_do(ctx, self.stage):
            return not_planned(ctx, self.stage, self.log)
        skip_unplanned(ctx, self.stage)
        started_at = iso_ms(datetime.now(UTC))
        if self.deferrable and not self._holds_or_cannot(ctx):
            trigger = StageTrigger(folder=str(ctx.folder.root), stage=self.stage, started_at=started_at)
            self.defer(trigger=trigger, method_name="execute_complete", timeout=self._airflow_timeout(ctx))
        return passed_or_raise(self._record(ctx, started_at))

    def execute_complete(self, context: Context, event: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Record the stage with the trigger's result. Raises AirflowFailException when the wait failed."""
        ctx = open_run(context)
        if event is None:
            event = {"outcome": "failed", "message": "The trigger ended without an event.", "hint": "See its log."}
        started_at = event.get("started_at") or iso_ms(datetime.now(UTC))
        if event["outcome"] == "done":
            return passed_or_raise(self._record(ctx, started_at))
        return passed_or_raise(self._record_failure(ctx, started_at, event["message"], event["hint"]))

    def _holds_or_cannot(self, ctx: RunContext) -> bool:
        """Return whether the condition holds or cannot be checked. The stage then reports the error."""
        try:
            with waits.wait_of(ctx, self.stage).opened() as look:
                return look().done
        except StackError as error:
            self.log.warning("%s", error.message)
            return True

    def _airflow_timeout(self, ctx: RunContext) -> timedelta:
        return timedelta(seconds=waits.wait_of(ctx, self.stage).timeout_sec) + GRACE

    def _record(self, ctx: RunContext, started_at: str) -> StageResult:
        from streamproof.runs.runner import run_stage

        return _since(ctx, run_stage(ctx, STAGES[self.stage]), started_at)

    def _record_failure(self, ctx: RunContext, started_at: str, message: str, hint: str) -> StageResult:
        from streamproof.runs.execute import execute

        def fail(_ctx: RunContext) -> NoReturn:
            raise StackError(message, hint=hint)

        function: Any = fail
        return _since(ctx, execute(ctx, self.stage, function), started_at)


def _since(ctx: RunContext, result: StageResult, started_at: str) -> StageResult:
    """Return the result with the real start of the wait, which began in an earlier process; write it to the folder."""
    waited = (parse_utc(result.ended_at) - parse_utc(started_at)).total_seconds()
    details = {**result.details, "waited_sec": round(waited, 3)} if "waited_sec" in result.details else result.details
    whole = replace(result, started_at=started_at, duration_sec=waited, details=details)
    ctx.folder.write_stage(whole)
    return whole
