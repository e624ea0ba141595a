"""The server port: databases of runs and tests are created, marked and dropped through it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol


class Server(Protocol):
    """A connection to a server, not to one of its databases. Every method raises WarehouseError when refused."""

    @property
    def version(self) -> str:
        """Return the version of the server."""

    def close(self) -> None:
        """Close the connection."""

    def check(self, database: str, schema: Path) -> str:
        """Check, before a run, that its database can be created, and return the server's version.

        Nothing is created. Raises WarehouseError when the server is too old, the user may only read or misses a right,
        or the database exists already.
        """

    def create(self, database: str) -> None:
        """Create a database unless it exists."""

    def claim(self, database: str, run_id: str, pack: str) -> bool:
        """Create a database and mark it with the run that owns it; return whether it is new.

        Raises WarehouseError when it exists and does not belong to the run.
        """

    def adopt(self, database: str, owner: str, pack: str) -> bool:
        """Create a database, or take an empty one, and mark it with its owner; return whether that was done now.

        It was not for a database that streamproof has made before. Raises UsageError for one with tables of others.
        """

    def release(self, database: str, run_id: str) -> bool:
        """Drop a run's database and its view cache; return whether the database existed.

        Raises WarehouseError, and drops nothing, when the database does not belong to the run.
        """

    def log_run(self, summary: Mapping[str, Any]) -> None:
        """Add a run's summary to the log of runs, which remains when their databases are dropped."""
