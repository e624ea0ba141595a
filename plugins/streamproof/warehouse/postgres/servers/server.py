"""A PostgreSQL server on which runs create, mark and drop their databases."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from streamproof.model.errors import UsageError, WarehouseError
from streamproof.model.settings import WarehouseSettings
from streamproof.warehouse.common.migrations import read_migrations
from streamproof.warehouse.postgres.client import Client, rows
from streamproof.warehouse.postgres.servers.databases import create_database, drop_database
from streamproof.warehouse.postgres.servers.ownership import mark, owner_of
from streamproof.warehouse.postgres.servers.preflight import check_server, exists, refuse_long
from streamproof.warehouse.postgres.servers.run_log import log_run

_TABLES = """
SELECT relname::text AS name
FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')
ORDER BY relname
LIMIT 1
"""


class PostgresServer:
    """A server. The database of its client belongs to no run."""

    def __init__(self, client: Client) -> None:
        """Use a client that was opened on any database."""
        self.client = client

    @classmethod
    def open(cls, settings: WarehouseSettings, *, source: str = "") -> PostgresServer:
        """Connect. Raises WarehouseError."""
        return cls(Client(settings, source=source))

    @property
    def version(self) -> str:
        """Return the version of the server."""
        return self.client.version

    def close(self) -> None:
        """Close the connection."""
        self.client.close()

    def check(self, database: str, schema: Path) -> str:
        """Check that the server can hold a run's database, and return the version. Raises WarehouseError."""
        read_migrations(schema)
        return check_server(self.client, database)

    def create(self, database: str) -> None:
        """Create a database unless it exists. Raises WarehouseError."""
        refuse_long(database)
        if not exists(self.client, database):
            create_database(self.client.settings, database)

    def claim(self, database: str, run_id: str, pack: str) -> bool:
        """Create a database and mark it with its run; return whether it is new. Raises WarehouseError."""
        refuse_long(database)
        if exists(self.client, database):
            if self._owner(database) != run_id:
                raise WarehouseError(
                    f"Database {database} is there and does not belong to run {run_id}.",
                    hint="Choose another --run-id. streamproof never touches a database that it did not create.",
                )
            return False
        create_database(self.client.settings, database)
        try:
            with closing(self._in(database)) as client:
                mark(client, run_id, pack)
        except WarehouseError:
            # Without the mark, no later call could find out that the database is this run's, and drop it.
            drop_database(self.client.settings, database)
            raise
        return True

    def adopt(self, database: str, owner: str, pack: str) -> bool:
        """Create or take an empty database and mark it; return whether it is new. Raises UsageError, WarehouseError."""
        if not exists(self.client, database):
            return self.claim(database, owner, pack)
        with closing(self._in(database)) as client:
            if owner_of(client) is not None:
                return False
            tables = rows(client, _TABLES)
            if tables:
                raise UsageError(
                    f"Database {database} has tables that streamproof did not make, among them {tables[0]['name']}.",
                    hint="Name an empty database, one that streamproof has made, or one that is not there.",
                )
            mark(client, owner, pack)
        return True

    def release(self, database: str, run_id: str) -> bool:
        """Drop a run's database; return whether it existed. Raises WarehouseError."""
        if not exists(self.client, database):
            return False
        if self._owner(database) != run_id:
            raise WarehouseError(
                f"Database {database} does not belong to run {run_id} and is left alone.", hint="Who made it?"
            )
        drop_database(self.client.settings, database)
        return True

    def _owner(self, database: str) -> str | None:
        with closing(self._in(database)) as client:
            return owner_of(client)

    def _in(self, database: str) -> Client:
        return Client(self.client.settings.using(database))

    def log_run(self, summary: Mapping[str, Any]) -> None:
        """Add a run's summary to the log of runs. Raises WarehouseError."""
        log_run(self.client.settings, summary)
