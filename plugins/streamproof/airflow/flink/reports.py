"""The operator that reports on the job of a deployment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowSkipException

from streamproof.airflow.flink.opening import opened_here

if TYPE_CHECKING:
    from airflow.sdk import Context


class FlinkJobReportOperator(BaseOperator):
    """Return state, restarts, checkpoints, back pressure and lag of a deployment's job. Skipped when none runs."""

    ui_color = "#fbf0e6"
    template_fields: ClassVar[Sequence[str]] = ("deployment", "conn_id")

    def __init__(self, *, deployment: str = "default", conn_id: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.deployment = deployment
        self.conn_id = conn_id

    def execute(self, context: Context) -> dict[str, Any]:  # noqa: ARG002 - Airflow's signature
        """Ask the cluster. Raises FlinkError, so that Airflow tries again."""
        from streamproof.flink.job_report import job_report

        with opened_here(str(self.conn_id or ""), str(self.deployment), reads_only=True) as deployment:
            current = deployment.work.record.current
            if current is None:
                raise AirflowSkipException(f"Deployment {self.deployment} has no job that runs.")
            return job_report(deployment.work.client, current.job_id)
