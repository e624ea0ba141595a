"""The link on each task instance that opens the page of its run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseOperatorLink

from streamproof.airflow.page.addresses import address, dag_run_path

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey


class ReportLink(BaseOperatorLink):
    """Opens the page of the run that the task's DAG run made. Airflow keeps the link when the task ends."""

    @property
    def name(self) -> str:
        """Return the text of the link."""
        return "Open the report"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:  # noqa: ARG002 - Airflow's signature
        """Return the address without its host, so that it holds however the UI is reached."""
        return address(dag_run_path(ti_key.dag_id, ti_key.run_id))


# What an operator names to have the link.
REPORT_LINKS = (ReportLink(),)
