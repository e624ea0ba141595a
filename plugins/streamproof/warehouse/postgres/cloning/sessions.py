"""The one session of a clone. Everything happens in one transaction, so that a rollback restores the clone at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from streamproof.model.settings import WarehouseSettings
from streamproof.warehouse.postgres.client import Client, connect, refusals

if TYPE_CHECKING:
    from psycopg import Connection


class CloneClient(Client):
    """A client whose statements share one transaction, which is never committed. Threads take turns."""

    def __init__(self, settings: WarehouseSettings) -> None:
        """Open the session and begin the transaction. Raises WarehouseError."""
        super().__init__(settings)
        super().close()
        self._session = connect(settings)
        self._turn = threading.RLock()
        self._run("BEGIN")

    @contextmanager
    def _transaction(self, *, read_only: bool) -> Iterator[Connection[Any]]:
        # In an open transaction, this is a savepoint. After an error, what the block did is undone, and nothing else.
        with self._turn, self._session.transaction(force_rollback=read_only):
            if read_only:
                self._session.execute("SET LOCAL transaction_read_only = on")
            yield self._session

    def rollback(self) -> None:
        """Undo everything since the beginning, and begin again. Raises WarehouseError."""
        self._run("ROLLBACK")
        self._run("BEGIN")

    def save(self, name: str) -> None:
        """Set a savepoint. Raises WarehouseError."""
        self._run(f"SAVEPOINT {name}")

    def undo(self, name: str) -> None:
        """Undo everything since a savepoint. Raises WarehouseError."""
        self._run(f"ROLLBACK TO SAVEPOINT {name}")

    def _run(self, statement: Any) -> None:
        with self._turn, refusals("The clone could not be restored", hint="Look at PostgreSQL's log in stack/logs."):
            self._session.execute(statement)

    def close(self) -> None:
        """Close the session. Nothing of the transaction is left."""
        with self._turn:
            self._session.close()
