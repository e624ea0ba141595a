"""Airflow's simple auth manager, with a DAG that one user may not read: the simple one knows no permissions by DAG."""

from __future__ import annotations

import os
from typing import Any

from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager


class ClosedDagAuthManager(SimpleAuthManager):
    """Forbids the DAG of variable CLOSED_DAG to the user of variable CLOSED_TO."""

    def is_authorized_dag(self, *, user: Any, details: Any = None, **options: Any) -> bool:
        closed = details is not None and details.id == os.environ["CLOSED_DAG"]
        if closed and user.username == os.environ["CLOSED_TO"]:
            return False
        return super().is_authorized_dag(user=user, details=details, **options)
