"""A ClickHouse server on which runs create, mark and drop their databases."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamproof.model.errors import UsageError, WarehouseError
from streamproof.model.settings import WarehouseSettings
from streamproof.warehouse.clickhouse.client import connect, execute, rows
from streamproof.warehouse.clickhouse.servers.preflight import check_server, connect_outside
from streamproof.warehouse.clickhouse.servers.run_log import log_run
from streamproof.warehouse.clickhouse.view_cache import drop_cache_of
from streamproof.warehouse.common.migrations import read_migrations

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_ENGINE = re.compile(r"\bENGINE\s*=\s*(\w+)")
_EXISTS = "SELECT 1 FROM system.databases WHERE name = {database:String}"
_TABLES = "SELECT name FROM system.tables WHERE database = {database:String} ORDER BY name LIMIT 1"
# This table records which run created a database. A run drops or reuses a database only when its row is in the table.
OWNER_TABLE = "streamproof_owner"
_OWNER_DDL = f"""
CREATE TABLE {OWNER_TABLE}
(
    run_id String,
    pack String,
    created_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = MergeTree
ORDER BY run_id
"""


class ClickHouseServer:
    """A server. The default database of its client belongs to no run."""

    def __init__(self, client: Client, settings: WarehouseSettings) -> None:
        """Use a client that was opened with these settings."""
        self.client = client
        self.settings = settings

    @classmethod
    def open(cls, settings: WarehouseSettings, *, source: str = "") -> ClickHouseServer:
        """Connect. Raises WarehouseError."""
        return cls(connect_outside(settings, source=source) if source else connect(settings), settings)

    @property
    def version(self) -> str:
        """Return the version of the server."""
        return str(self.client.server_version)

    def close(self) -> None:
        """Close the connection."""
        self.client.close()

    def check(self, database: str, schema: Path) -> str:
        """Check that the server can hold a run's database, and return the version. Raises WarehouseError."""
        texts = [migration.text for migration in read_migrations(schema)]
        engines = sorted({engine for text in texts for engine in _ENGINE.findall(text)} | {"MergeTree"})
        return check_server(self.client, self.settings, database, engines)

    def create(self, database: str) -> None:
        """Create a database unless it exists. Raises WarehouseError."""
        execute(self.client, "CREATE DATABASE IF NOT EXISTS {database:Identifier}", {"database": database})

    def claim(self, database: str, run_id: str, pack: str) -> bool:
        """Create a database and mark it with its run; return whether it is new. Raises WarehouseError."""
        if self._exists(database):
            if owner_of(self.client, database) != run_id:
                raise WarehouseError(
                    f"Database {database} is there and does not belong to run {run_id}.",
                    hint="Choose another --run-id. streamproof never touches a database that it did not create.",
                )
            return False
        execute(self.client, "CREATE DATABASE {database:Identifier}", {"database": database})
        try:
            self._mark(database, run_id, pack)
        except WarehouseError:
            # Without the mark, no later call could find out that the database is this run's, and drop it.
            self._drop(database)
            raise
        return True

    def adopt(self, database: str, owner: str, pack: str) -> bool:
        """Create or take an empty database and mark it; return whether it is new. Raises UsageError, WarehouseError."""
        if not self._exists(database):
            return self.claim(database, owner, pack)
        if owner_of(self.client, database) is not None:
            return False
        tables = rows(self.client, _TABLES, {"database": database})
        if tables:
            raise UsageError(
                f"Database {database} has tables that streamproof did not make, among them {tables[0]['name']}.",
                hint="Name an empty database, one that streamproof has made, or one that is not there.",
            )
        self._mark(database, owner, pack)
        return True

    def _exists(self, database: str) -> bool:
        return bool(rows(self.client, _EXISTS, {"database": database}))

    def _mark(self, database: str, run_id: str, pack: str) -> None:
        client = connect(self.settings.using(database))
        try:
            execute(client, _OWNER_DDL)
            execute(
                client,
                f"INSERT INTO {OWNER_TABLE} (run_id, pack) VALUES ({{run_id:String}}, {{pack:String}})",  # noqa: S608
                {"run_id": run_id, "pack": pack},
            )
        finally:
            client.close()

    def release(self, database: str, run_id: str) -> bool:
        """Drop a run's database and its view cache; return whether the database existed. Raises WarehouseError."""
        if not self._exists(database):
            return False
        if owner_of(self.client, database) != run_id:
            raise WarehouseError(
                f"Database {database} does not belong to run {run_id} and is left alone.", hint="Who made it?"
            )
        drop_cache_of(self.client, database)
        self._drop(database)
        return True

    def _drop(self, database: str) -> None:
        execute(self.client, "DROP DATABASE {database:Identifier} SYNC", {"database": database})

    def log_run(self, summary: Mapping[str, Any]) -> None:
        """Add a run's summary to the log of runs. Raises WarehouseError."""
        log_run(self.settings, summary)


def owner_of(client: Client, database: str) -> str | None:
    """Return the run that created a database, None when streamproof did not. Raises WarehouseError."""
    names = {"database": database, "table": OWNER_TABLE}
    marked = "SELECT 1 FROM system.tables WHERE database = {database:String} AND name = {table:String}"
    if not rows(client, marked, names):
        return None
    found = rows(client, "SELECT run_id FROM {database:Identifier}.{table:Identifier}", names)
    return str(found[0]["run_id"]) if len(found) == 1 else None
