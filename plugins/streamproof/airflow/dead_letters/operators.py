"""Operators for the steps of a replay of dead letters. They contain no logic of the steps themselves.

All read the params of the DAG run. The replay is named by param `replay_id`, else by the DAG run: so a task that was
killed and is tried again goes on with the same replay.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from streamproof.airflow.dead_letters.opening import folder_of, pipeline_here, request_of
from streamproof.airflow.settings import read_settings, run_id_of
from streamproof.model.errors import UsageError

if TYPE_CHECKING:
    from airflow.sdk import Context

    from streamproof.dead_letters.pipeline import Pipeline, ReplayFolder


class _ReplayStep(BaseOperator):
    """One step of a replay. Bad input fails the task without another try; what may pass is tried again."""

    ui_color = "#f6e8f2"

    def execute(self, context: Context) -> dict[str, Any]:
        """Do the step and return what it found."""
        params: Mapping[str, Any] = context["params"]
        try:
            folder = folder_of(str(params["replay_id"] or run_id_of(str(context["run_id"]))))
            return self.step(params, pipeline_here(params), folder)
        except UsageError as error:
            raise AirflowFailException(f"{error.message} {error.hint}") from error

    @abstractmethod
    def step(self, params: Mapping[str, Any], pipeline: Pipeline, folder: ReplayFolder) -> dict[str, Any]:
        """Do the step and return what it found."""


class PlanDlqReplayOperator(_ReplayStep):
    """Read the dead-letter topic and decide what is sent. Returns the plan: histogram, skipped records, offsets."""

    def step(self, params: Mapping[str, Any], pipeline: Pipeline, folder: ReplayFolder) -> dict[str, Any]:
        """Make the plan, or return the one that the replay has already."""
        from streamproof.dead_letters.replaying import make_plan, preview_replay

        make: Callable[..., dict[str, Any]] = preview_replay if params["dry_run"] else make_plan
        plan = make(pipeline, request_of(params), folder)
        self.log.info(
            "%d of %d dead letters are selected; skipped: %s", plan["selected"], plan["read"], plan["skipped"]
        )
        return {**plan, "folder": str(folder.path)}


class SendDlqReplayOperator(_ReplayStep):
    """Send what the plan has selected, exactly once. Skipped in a dry run."""

    def step(self, params: Mapping[str, Any], pipeline: Pipeline, folder: ReplayFolder) -> dict[str, Any]:
        """Send, or go on where a task that was killed has stopped."""
        from streamproof.dead_letters.replaying import replay

        if params["dry_run"]:
            raise AirflowSkipException("A dry run sends nothing.")
        _, sent = replay(
            pipeline, request_of(params), folder, watch=lambda number: self.log.info("%d records are sent", number)
        )
        return sent


class DlqChecklistOperator(_ReplayStep):
    """Wait until the records have arrived and run the regression checklist. Fails when a check does."""

    def step(self, params: Mapping[str, Any], pipeline: Pipeline, folder: ReplayFolder) -> dict[str, Any]:
        """Judge. A check that failed is not tried again."""
        from streamproof.dead_letters.checklist import read_checklist
        from streamproof.dead_letters.replaying import judge, make_plan

        if not params["checklist"]:
            raise AirflowSkipException("The checklist is not asked for.")
        plan = make_plan(pipeline, request_of(params), folder)
        files = read_checklist(pipeline.pack.sql_dir, home=read_settings().home, dialect=pipeline.pack.dialect)
        document = judge(pipeline, plan, folder, files, timeout=params["timeout_sec"])
        for result in document["results"]:
            self.log.info("%s: %s %s", result["status"], result["name"], result["error"] or result["diagnostics"])
        if document["verdict"] != "passed":
            named = [result["name"] for result in document["results"] if result["status"] in ("failed", "errored")]
            raise AirflowFailException(
                f"The checklist of replay {plan['replay_id']} is {document['verdict']}: "
                f"{', '.join(named) or 'nothing was judged'}. See {folder.checklist}."
            )
        return document
