"""Operators that run the stages as Airflow tasks. They contain no logic of the stages themselves."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from streamproof.airflow.containers import log_containers, require_engine
from streamproof.airflow.page.links import REPORT_LINKS
from streamproof.airflow.params import refuse_unknown_params, run_request
from streamproof.airflow.settings import read_settings
from streamproof.model.errors import StreamproofError
from streamproof.model.plan import COMPOSE, RunPlan
from streamproof.model.results import StageResult, Status
from streamproof.model.verdict import skipped_for_a_run
from streamproof.runs.stage import SUITE_PREFIX
from streamproof.stages.registry import STAGES

if TYPE_CHECKING:
    from logging import Logger

    from airflow.sdk import Context

    from streamproof.runs.context import RunContext

PLAN_TASK = "plan_run"
FOLDER_KEY = "folder"


def planned_run(context: Context) -> RunContext | None:
    """Open the run that task `plan_run` planned, None when it planned none."""
    from streamproof.airflow.connections import with_connections
    from streamproof.runs.context import RunContext

    folder = context["ti"].xcom_pull(task_ids=PLAN_TASK, key=FOLDER_KEY)
    return with_connections(RunContext.open(Path(folder))) if folder else None


def open_run(context: Context) -> RunContext:
    """Open the run that task `plan_run` planned. Raises AirflowFailException when it planned none."""
    ctx = planned_run(context)
    if ctx is None:
        raise AirflowFailException(f"There is no planned run: see the log of task {PLAN_TASK}.")
    return ctx


def stage_summary(result: StageResult) -> dict[str, Any]:
    """Return a stage's XCom value: its status, and the names of its first failed checks."""
    not_passed = [f"{check.suite}.{check.name}" for check in result.checks if check.status is Status.FAILED]
    return {
        "stage": result.stage,
        "status": result.status.value,
        "duration_sec": round(result.duration_sec, 3),
        "checks": len(result.checks),
        "failed": not_passed[:50],
    }


def passed_or_raise(result: StageResult, *, retry: bool = False) -> dict[str, Any]:
    """Return the stage's XCom value. Raises when the stage did not pass; Airflow retries only with `retry`.

    The task of a suite that needs a run is skipped in mode observe; the run's verdict says whether anything was judged.
    """
    if result.status is Status.PASSED:
        return stage_summary(result)
    if result.error is None and skipped_for_a_run(result.checks):
        raise AirflowSkipException(f"{result.stage}: all of its checks need what only a run of its own has.")
    broken = [check for check in result.checks if check.status in (Status.FAILED, Status.ERRORED)]
    names = [f"{check.suite}.{check.name} {check.error or check.status.value}" for check in broken]
    said = result.error or "; ".join(names[:20]) or "nothing was there to judge"
    message = f"{result.stage} {result.status.value}: {said}" + (f" Hint: {result.hint}" if result.hint else "")
    raise AirflowException(message) if retry else AirflowFailException(message)


class PlanRunOperator(BaseOperator):
    """Validate the DAG run's params and create the run's folder.

    XCom: key `folder` is the folder; the return value is the list of planned suite stages, to map over.
    """

    ui_color = "#e8f0fe"
    operator_extra_links = REPORT_LINKS

    def execute(self, context: Context) -> list[str]:
        """Plan the run. Raises AirflowFailException with the usage error's message and hint."""
        from streamproof.airflow.alerting.kept import keep_rules
        from streamproof.airflow.alerting.rules import alert_rules
        from streamproof.runs.planning import plan_run
        from streamproof.runs.request import HostSettings

        refuse_unknown_params(context)
        settings = read_settings()
        host = HostSettings(
            cache_dir=settings.cache_dir,
            java=settings.java,
            owner=settings.owner,
            compose_files=settings.compose_files,
            docker_host=settings.docker_host,
            packs=settings.packs,
            longest_replay_sec=STAGES["replay_events"].timeout_sec,
            environ=os.environ,
        )
        if context["params"]["stack"] == COMPOSE:
            require_engine(settings.docker_host)
        try:
            rules = alert_rules(context["params"], settings, str(context["dag"].dag_id))
            request = run_request(dict(context["params"]), str(context["run_id"]), settings, str(context["dag"].dag_id))
            ctx = plan_run(request, STAGES, home=settings.home, host=host, now=datetime.now(UTC))
        except StreamproofError as error:
            raise AirflowFailException(f"{error.message} {error.hint}") from None
        for notice in ctx.plan.notices:
            self.log.warning("%s", notice)
        keep_rules(ctx.folder.root, rules)
        self.log.info("run %s in %s", ctx.plan.run_id, ctx.folder.root)
        context["ti"].xcom_push(key=FOLDER_KEY, value=str(ctx.folder.root))
        return [f"{SUITE_PREFIX}{suite}" for suite in ctx.plan.suites]


class StageOperator(BaseOperator):
    """Run one stage of the planned run. The task fails unless the stage passes.

    If the run's mode or options exclude the stage, the task is skipped. If the pack does not support the stage, the
    task does nothing and succeeds.

    `requires` names stages. The task is skipped unless all of these that are part of the run have passed.
    A failed stage is retried only if the task has `retries`.
    """

    ui_color = "#eef7ee"
    operator_extra_links = REPORT_LINKS

    def __init__(self, *, stage: str, requires: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stage = stage
        self.requires = tuple(requires)

    def execute(self, context: Context) -> dict[str, Any]:
        """Run the stage. Raises AirflowFailException, or AirflowException if the task has retries."""
        from streamproof.runs.runner import run_stage

        ctx = planned_run(context)
        if self.requires and not _have_passed(self.requires, ctx):
            raise AirflowSkipException(f"{self.stage} needs {', '.join(self.requires)} and a stack that is up.")
        ctx = ctx or open_run(context)
        # If a setup is skipped, Airflow skips all tasks behind it, whatever their trigger rules.
        if has_nothing_to_do(ctx, self.stage) or (self.is_setup and self.stage not in ctx.plan.planned_stages):
            return not_planned(ctx, self.stage, self.log)
        skip_unplanned(ctx, self.stage)
        result = run_stage(ctx, STAGES[self.stage])
        self.log.info("%s; its log is %s/%s.log", stage_summary(result), ctx.folder.stages, self.stage)
        state = ctx.folder.read_stack_state()
        if result.status is not Status.PASSED and state is not None:
            log_containers(ctx.plan, state.project, self.log)
        return passed_or_raise(result, retry=self.retries > 0)


def has_nothing_to_do(ctx: RunContext, stage: str) -> bool:
    """Return whether runs of this mode have the stage, and this one does not because its pack does not support it.

    The task must then succeed, because the tasks behind it must run.
    """
    found = STAGES[stage]
    of_mode = bool(found.needs or found.rungs) and ctx.plan.mode in found.modes
    return of_mode and stage not in ctx.plan.planned_stages


def not_planned(ctx: RunContext, stage: str, log: Logger) -> dict[str, Any]:
    """Return the XCom value of a task that has nothing to do, and say so in its log."""
    log.info("nothing to do: run %s has no stage %s", ctx.plan.run_id, stage)
    return {"stage": stage, "status": "not planned"}


def skip_unplanned(ctx: RunContext, stage: str) -> None:
    """Raise AirflowSkipException for a stage that this run does not have. The DAG has the stages of every mode."""
    if stage not in ctx.plan.planned_stages:
        raise AirflowSkipException(f"A run of mode {ctx.plan.mode} has no stage {stage}.")


def _have_passed(stages: Sequence[str], ctx: RunContext | None) -> bool:
    """Return whether all of these stages that are part of the run have passed, and its stack is still up."""
    if ctx is None:
        return False
    results = [ctx.folder.read_stage(stage) for stage in stages if stage in ctx.plan.planned_stages]
    passed = [result is not None and result.status is Status.PASSED for result in results]
    return bool(passed) and all(passed) and ctx.stack_failure() is None


def verified_asset(plan: RunPlan) -> Asset:
    """Return the asset that represents the verified pack."""
    return Asset(name=f"streamproof_{plan.pack}_verified", uri=f"streamproof://{plan.pack}/verified")


class PublishSummaryOperator(BaseOperator):
    """Judge the run and publish artifacts and, in XCom, the short summary. Fails unless the verdict is `passed`.

    The verdict compares the planned stages with the results in the run's folder, so a task that never ran is noticed.
    `outlets` are asset aliases, because Airflow would update a plain asset after every run that passes.
    """

    ui_color = "#fff4e5"
    operator_extra_links = REPORT_LINKS

    def execute(self, context: Context) -> None:
        """Publish first, then fail when the run did not pass. Raises AirflowFailException."""
        from streamproof.runs.runner import run_stage

        ctx = open_run(context)
        result = run_stage(ctx, STAGES["publish_summary"])
        passed_or_raise(result)
        self._log_run(ctx)
        summary = dict(result.details)
        # The value is pushed here, because a task that raises has no return value.
        context["ti"].xcom_push(key="return_value", value=summary)
        self.log.info("verdict %s; report: %s/report.html", summary["verdict"], ctx.folder.root)
        if summary["verdict"] != "passed":
            raise AirflowFailException(f"Run {ctx.plan.run_id}: verdict {summary['verdict']}.")
        self._emit_verified(ctx, context, summary["rungs"])

    def _emit_verified(self, ctx: RunContext, context: Context, rungs: Sequence[str]) -> None:
        """Update the pack's asset through the task's alias, unless the run verified only a part of the pack."""
        if ctx.plan.narrowed_by:
            self.log.info("%s is not updated: %s.", verified_asset(ctx.plan).uri, "; ".join(ctx.plan.narrowed_by))
            return
        extra = {
            "run_id": ctx.plan.run_id,
            "git_commit": ctx.plan.git_commit,
            "fixture_sha256": ctx.plan.fixture_sha256,
            "report": str(ctx.folder.root / "report.html"),
            "rungs": list(rungs),
        }
        for alias in self.outlets:
            context["outlet_events"][alias].add(verified_asset(ctx.plan), extra=extra)

    def _log_run(self, ctx: RunContext) -> None:
        """Add the run to the log of runs, if a connection for it is set. An error is only a warning."""
        from streamproof.airflow.connections import warehouse_connection
        from streamproof.runs.folder import read_json
        from streamproof.warehouse.registry import open_server, warehouse_kind

        settings = read_settings()
        conn_id = settings.run_log_conn_id
        if conn_id is None:
            return
        try:
            kind = ctx.pack.warehouse
            outside = warehouse_connection(settings, kind, conn_id).using(warehouse_kind(kind).maintenance_database)
            with closing(open_server(ctx.pack.warehouse, outside)) as server:
                server.log_run(read_json(ctx.folder.summary))
        except StreamproofError as error:
            self.log.warning("The run is not in the log of runs: %s %s", error.message, error.hint)


class StackDownOperator(BaseOperator):
    """Take the run's stack down, also after a failure. Skipped when the stack must be kept, or there is none."""

    ui_color = "#f3f3f3"
    operator_extra_links = REPORT_LINKS

    def execute(self, context: Context) -> dict[str, Any]:
        """Stop the stack. Raises AirflowException, so that Airflow retries."""
        from streamproof.runs.runner import run_stage

        ctx = planned_run(context)
        if ctx is None or ctx.plan.keep_stack:
            raise AirflowSkipException("The stack is kept: keep_stack is on." if ctx else "Nothing was planned.")
        if ctx.plan.observes:
            raise AirflowSkipException("An observation has no stack.")
        return passed_or_raise(run_stage(ctx, STAGES["stack_down"]), retry=True)
