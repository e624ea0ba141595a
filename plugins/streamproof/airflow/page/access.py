"""Who asks, and what they may read: Airflow's own authentication and permissions."""

from __future__ import annotations

from typing import Annotated

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import GetUserDep
from airflow.models.dag import DagModel
from fastapi import Depends


class Reader:
    """A user who is logged in."""

    def __init__(self, user: BaseUser) -> None:
        self._user = user
        self._answers: dict[tuple[str | None, DagAccessEntity | None], bool] = {}

    def may_read(self, dag_id: str | None) -> bool:
        """Return whether the user may read a DAG and its runs. None asks for all DAGs, as Airflow's `~` does."""
        return self._may(dag_id, None) and self._may(dag_id, DagAccessEntity.RUN)

    def may_read_logs(self, dag_id: str | None) -> bool:
        """Return whether the user may read the logs of a DAG's tasks. None asks for all DAGs."""
        return self._may(dag_id, DagAccessEntity.TASK_LOGS)

    def _may(self, dag_id: str | None, entity: DagAccessEntity | None) -> bool:
        if (dag_id, entity) not in self._answers:
            self._answers[dag_id, entity] = self._ask(dag_id, entity)
        return self._answers[dag_id, entity]

    def _ask(self, dag_id: str | None, entity: DagAccessEntity | None) -> bool:
        details = DagDetails(id=dag_id, team_name=DagModel.get_team_name(dag_id) if dag_id else None)
        manager = get_auth_manager()
        return bool(manager.is_authorized_dag(method="GET", access_entity=entity, details=details, user=self._user))


def current_reader(user: GetUserDep) -> Reader:
    """Return the user of the request. Airflow answers 401 when nobody is logged in."""
    return Reader(user)


CurrentReader = Annotated[Reader, Depends(current_reader)]


def login_address(back_to: str) -> str:
    """Return where to log in, and to get back to an address from there."""
    return str(get_auth_manager().get_url_login(next_url=back_to))
