"""Operators: one thin face on the stages. What a stage does, and what its result means, is decided below."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from streamproof.airflow.settings import FaceSettings, attempts, read_settings, run_id_of
from streamproof.model.errors import StreamproofError
from streamproof.model.plan import PROVE
from streamproof.model.results import StageResult, Status

if TYPE_CHECKING:
    from airflow.sdk import Context

    from streamproof.stages.context import RunContext
    from streamproof.stages.planning import RunRequest

PLAN_TASK = "plan_run"
FOLDER_KEY = "folder"


def planned_run(context: Context) -> RunContext | None:
    """Open the run that task `plan_run` planned, None when it planned none."""
    from streamproof.stages.context import RunContext

    folder = context["ti"].xcom_pull(task_ids=PLAN_TASK, key=FOLDER_KEY)
    return RunContext.open(Path(folder)) if folder else None


def open_run(context: Context) -> RunContext:
    """Open the run that task `plan_run` planned. Raises AirflowFailException when it planned none."""
    ctx = planned_run(context)
    if ctx is None:
        raise AirflowFailException(f"There is no planned run: see the log of task {PLAN_TASK}.")
    return ctx


def stage_summary(result: StageResult) -> dict[str, Any]:
    """Return what a stage leaves in XCom: its status and the names of the checks that did not pass."""
    not_passed = [f"{check.suite}.{check.name}" for check in result.checks if check.status is Status.FAILED]
    return {
        "stage": result.stage,
        "status": result.status.value,
        "duration_sec": round(result.duration_sec, 3),
        "checks": len(result.checks),
        "failed": not_passed[:50],
    }


def passed_or_raise(result: StageResult, *, retry: bool = False) -> dict[str, Any]:
    """Return the stage's XCom summary. Raises when the stage did not pass; Airflow tries again only with `retry`."""
    if result.status is Status.PASSED:
        return stage_summary(result)
    broken = [check for check in result.checks if check.status in (Status.FAILED, Status.ERRORED)]
    names = [f"{check.suite}.{check.name} {check.error or check.status.value}" for check in broken]
    said = result.error or "; ".join(names[:20]) or "nothing was there to judge"
    message = f"{result.stage} {result.status.value}: {said}" + (f" Hint: {result.hint}" if result.hint else "")
    raise AirflowException(message) if retry else AirflowFailException(message)


class PlanRunOperator(BaseOperator):
    """Validate the DAG run's params and open the run's folder.

    XCom: key `folder` is the folder; the return value is the list of planned suite stages, to map over.
    """

    ui_color = "#e8f0fe"

    def execute(self, context: Context) -> list[str]:
        """Plan the run. Raises AirflowFailException with the usage error's message and hint."""
        from streamproof.stages.planning import HostSettings, plan_run

        settings = read_settings()
        host = HostSettings(cache_dir=settings.cache_dir, java=settings.java, owner=settings.owner)
        try:
            request = run_request(dict(context["params"]), str(context["run_id"]), settings)
            ctx = plan_run(request, home=settings.home, host=host, now=datetime.now(UTC))
        except StreamproofError as error:
            raise AirflowFailException(f"{error.message} {error.hint}") from None
        for notice in ctx.plan.notices:
            self.log.warning("%s", notice)
        self.log.info("run %s in %s", ctx.plan.run_id, ctx.folder.root)
        context["ti"].xcom_push(key=FOLDER_KEY, value=str(ctx.folder.root))
        return [f"assert_{suite}" for suite in ctx.plan.suites]


def run_request(params: dict[str, Any], dag_run_id: str, settings: FaceSettings) -> RunRequest:
    """Turn a DAG run's params into a request; relative paths are relative to the project's home."""
    from streamproof.stages.planning import RunRequest

    run_id = run_id_of(dag_run_id)
    before = attempts(settings.artifacts, run_id)
    manifest = params.get("manifest")
    proving = params["mode"] == PROVE
    suites = tuple(params["suites"] or ())
    if manifest and (settings.home / manifest).exists():
        manifest = str(settings.home / manifest)
    return RunRequest(
        pack=params["pack"],
        run_id=f"{run_id}.try{len(before) + 1}" if before else run_id,
        mode=params["mode"],
        stack=params["stack"],
        kafka=params["kafka"],
        manifest=manifest or None,
        # A proof breaks clones of a whole run: what is narrowed is what it proves.
        suites=() if proving else suites,
        keep_stack=params["keep_stack"],
        tolerate_bad_lines=params.get("tolerate_bad_lines", False),
        inject=str(settings.home / params["inject"]) if params.get("inject") else None,
        artifacts_root=settings.artifacts,
        prove_suites=suites if proving else (),
        prove_checks=tuple(params.get("checks") or ()),
    )


class StageOperator(BaseOperator):
    """Run one stage of the planned run; the task fails unless the stage passed.

    `needs_stage` names a stage that must have ended for this one to make sense: without it the task is skipped.
    With `retries`, what went wrong is tried again; without, it fails at once.
    """

    ui_color = "#eef7ee"

    def __init__(self, *, stage: str, needs_stage: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stage = stage
        self.needs_stage = needs_stage

    def execute(self, context: Context) -> dict[str, Any]:
        """Run the stage. Raises AirflowFailException, or AirflowException where retries are left."""
        from streamproof.stages.runner import run_stage

        if self.needs_stage is not None and not _has_passed(self.needs_stage, planned_run(context)):
            raise AirflowSkipException(f"{self.stage} needs {self.needs_stage} and a stack that is up.")
        ctx = open_run(context)
        result = run_stage(ctx, self.stage)
        self.log.info("%s; its log is %s/%s.log", stage_summary(result), ctx.folder.stages, self.stage)
        return passed_or_raise(result, retry=self.retries > 0)


def _has_passed(stage: str, ctx: RunContext | None) -> bool:
    """Tell whether an earlier stage has passed and the stack is still there."""
    before = ctx.folder.read_stage(stage) if ctx else None
    return ctx is not None and before is not None and before.status is Status.PASSED and ctx.stack_failure() is None


class InjectOperator(StageOperator):
    """Run the SQL that the run was asked to inject; skipped when it was not."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(stage="inject", **kwargs)

    def execute(self, context: Context) -> dict[str, Any]:
        """Inject, or skip."""
        if open_run(context).plan.inject is None:
            raise AirflowSkipException("Nothing to inject.")
        return super().execute(context)


class PublishSummaryOperator(BaseOperator):
    """Judge the run and publish it: artifacts and, in XCom, the short summary. Fails unless the verdict is `passed`.

    It compares what ran with what was planned, from the run's folder: a task that never ran cannot look green.
    """

    ui_color = "#fff4e5"

    def execute(self, context: Context) -> None:
        """Publish first, then fail when the run did not pass. Raises AirflowFailException."""
        from streamproof.stages.runner import run_stage

        ctx = open_run(context)
        result = run_stage(ctx, "publish_summary")
        passed_or_raise(result)
        summary = dict(result.details)
        # Pushed by hand: a task that raises leaves no return value.
        context["ti"].xcom_push(key="return_value", value=summary)
        self.log.info("verdict %s; report: %s/report.html", summary["verdict"], ctx.folder.root)
        if summary["verdict"] != "passed":
            raise AirflowFailException(f"Run {ctx.plan.run_id}: verdict {summary['verdict']}.")


class StackDownOperator(BaseOperator):
    """Take the run's stack down, whatever happened; skipped when the stack is to be kept."""

    ui_color = "#f3f3f3"

    def execute(self, context: Context) -> dict[str, Any]:
        """Stop the stack. Raises AirflowException, so that it is tried again."""
        from streamproof.stages.runner import run_stage

        ctx = planned_run(context)
        if ctx is None or ctx.plan.keep_stack:
            raise AirflowSkipException("The stack is kept: keep_stack is on." if ctx else "Nothing was planned.")
        return passed_or_raise(run_stage(ctx, "stack_down"), retry=True)
