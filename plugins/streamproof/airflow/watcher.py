"""An Airflow listener that shows a run's stages as their tasks start and end, within one process."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from airflow.listeners import hookimpl

from streamproof.airflow.operators import PLAN_TASK
from streamproof.airflow.settings import folders_of, read_settings
from streamproof.model.results import StageResult, Status
from streamproof.model.window import iso_ms
from streamproof.report.terminal.progress import ProgressTable
from streamproof.runs.folder import RunFolder


class RunWatcher:
    """Shows the result of each stage. `plan_error` is the reason why the run could not be planned, None if it could."""

    def __init__(self, progress: ProgressTable, *, on_stack_up: Callable[[], None]) -> None:
        self.plan_error: str | None = None
        self._progress = progress
        self._on_stack_up = on_stack_up
        self._started: dict[str, datetime] = {}

    @hookimpl
    def on_task_instance_running(self, previous_state: Any, task_instance: Any) -> None:  # noqa: ARG002 - by pluggy
        """Handle a task that starts, or continues after a deferral."""
        stage = stage_of(task_instance)
        if stage in self._started:
            return
        self._started[stage] = datetime.now(UTC)
        self._progress.on_event(stage, None)
        if stage == "stack_up":
            self._on_stack_up()

    @hookimpl
    def on_task_instance_success(self, previous_state: Any, task_instance: Any) -> None:  # noqa: ARG002 - by pluggy
        """Handle a task that succeeded."""
        self._ended(task_instance, Status.PASSED, None)

    @hookimpl
    def on_task_instance_skipped(self, previous_state: Any, task_instance: Any) -> None:  # noqa: ARG002 - by pluggy
        """Handle a task that was skipped."""
        self._ended(task_instance, Status.SKIPPED, None)

    @hookimpl
    def on_task_instance_failed(
        self,
        previous_state: Any,  # noqa: ARG002 - pluggy goes by name
        task_instance: Any,
        error: Any,
    ) -> None:
        """Handle a task that failed."""
        if task_instance.task_id == PLAN_TASK:
            self.plan_error = str(error)
        self._ended(task_instance, Status.ERRORED, str(error))

    def _ended(self, task_instance: Any, status: Status, error: str | None) -> None:
        stage = stage_of(task_instance)
        recorded = _stage_result(str(task_instance.dag_id), str(task_instance.run_id), stage)
        self._progress.on_event(stage, recorded or self._result_from_state(stage, status, error))

    def _result_from_state(self, stage: str, status: Status, error: str | None) -> StageResult:
        """Return a result for a task that left none in the run's folder."""
        now = datetime.now(UTC)
        started = self._started.get(stage, now)
        return StageResult(
            stage,
            status,
            started_at=iso_ms(started),
            ended_at=iso_ms(now),
            duration_sec=(now - started).total_seconds(),
            error=error,
        )


def stage_of(task_instance: Any) -> str:
    """Return the stage of a task, or the task's own name if it has none."""
    return str(getattr(task_instance.task, "stage", None) or task_instance.task_id)


def _stage_result(dag_id: str, dag_run_id: str, stage: str) -> StageResult | None:
    folders = folders_of(read_settings().artifacts, dag_id, dag_run_id)
    return RunFolder(folders[-1]).read_stage(stage) if folders else None
