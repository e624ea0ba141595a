"""Clones of a database: the same schema, the same rows, no feed. To be broken, looked at, and mended again.

Parts are attached, not copied, so that a clone and each of its repairs cost milliseconds whatever the size.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamproof.model.settings import ClickHouseSettings
from streamproof.warehouse.clickhouse.client import connect, execute, rows
from streamproof.warehouse.clickhouse.cloning.damaging import ObjectDamaging
from streamproof.warehouse.clickhouse.database import Database
from streamproof.warehouse.clickhouse.migrations import LEDGER, apply_migrations
from streamproof.warehouse.clickhouse.view_cache import drop_cache_of
from streamproof.warehouse.clones import Change, Damaging, Target

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

# Without Kafka tables nothing arrives in a clone; without expiry nothing leaves it.
_VARIABLES = {"kafka": False, "retention": False}

# A merge would look like damage, and may undo some (a row that is there twice). Mutations run all the same, which they
# do not after SYSTEM STOP MERGES.
_NO_MERGES = "max_bytes_to_merge_at_max_space_in_pool = 1, max_bytes_to_merge_at_min_space_in_pool = 1"

_OBJECTS = """
SELECT
    tables.name AS name,
    tables.engine AS engine,
    tables.create_table_query AS definition,
    tables.as_select AS query,
    parts.hashes AS content
FROM system.tables AS tables
LEFT JOIN (
    SELECT table, arraySort(groupArray(hash_of_all_files)) AS hashes
    FROM system.parts
    WHERE database = currentDatabase() AND active
    GROUP BY table
) AS parts ON parts.table = tables.name
WHERE tables.database = currentDatabase()
"""


@dataclass(frozen=True, slots=True)
class _Object:
    """A table or view as it stands: its definition, and the checksums of its parts."""

    name: str
    engine: str
    definition: str
    query: str
    content: tuple[str, ...]

    @property
    def holds_rows(self) -> bool:
        return self.engine.endswith("MergeTree")


class ClonedDatabase(Database):
    """A database with the schema and the rows of database `source`, to be broken, looked at, and restored.

    Materialized views are there but write nothing: a change of their source leaves their target as it was, which is
    what a check of the two against each other must notice.
    """

    def __init__(self, client: Client, settings: ClickHouseSettings, source: str) -> None:
        super().__init__(client, settings)
        self.source = source
        self._sound = _objects(client)
        self._views = {name: entry.query for name, entry in self._sound.items() if entry.engine == "View"}

    @classmethod
    def of(cls, source: ClickHouseSettings, name: str, schema: Path) -> ClonedDatabase:
        """Clone the database of `source` as `name`, with the migrations of folder `schema`.

        Raises WarehouseError when the name is taken, a table of the schema is not in the source, or ClickHouse refuses.
        """
        server = connect(source)
        try:
            execute(server, "CREATE DATABASE {name:Identifier}", {"name": name})
        finally:
            server.close()
        settings = source.using(name)
        client = connect(settings)
        try:
            apply_migrations(client, schema, _VARIABLES)
            _run(client, f"TRUNCATE TABLE {LEDGER}")
            for entry in _objects(client).values():
                _fill(client, entry, source.database)
            return cls(client, settings, source.database)
        except BaseException:
            _drop(client)
            raise

    def view_queries(self) -> dict[str, str]:
        """Return the query of every view by name, as they were when the clone was made."""
        return self._views

    def cached_views(self) -> frozenset[str]:
        """Return the names of the cached views."""
        return self.views.names

    def forget_views(self, names: Collection[str]) -> None:
        """Forget these views, as far as they are cached. Raises WarehouseError."""
        self.views.forget(names)

    def damaging(self, target: Target) -> Damaging:
        """Return the means to damage one object. Raises WarehouseError."""
        return ObjectDamaging(self, target)

    def definitions(self) -> dict[str, str]:
        """Return the query of every view by name, '' for a table, as they were when the clone was made."""
        return {entry.name: entry.query for entry in self._sound.values()}

    def change(self) -> Change:
        """Return what has changed since the clone was made or last restored. Raises WarehouseError."""
        now = _objects(self.client)
        changed = {name for name in now.keys() | self._sound.keys() if now.get(name) != self._sound.get(name)}
        return Change(frozenset(changed), frozenset(self._sound.keys() - now.keys()))

    def restore(self, change: Change | None = None) -> None:
        """Make the clone as it was; `change` spares a look when it is known. Raises WarehouseError."""
        found = change or self.change()
        now = _objects(self.client) if found.changed else {}
        for name in sorted(found.changed, key=self._tables_first):
            was, has_become = self._sound.get(name), now.get(name)
            if has_become and was and has_become.definition == was.definition:
                _run(self.client, f"TRUNCATE TABLE {_quoted(name)}")
            else:
                if has_become:
                    _run(self.client, f"DROP TABLE {_quoted(name)} SYNC")
                if was:
                    _run(self.client, was.definition)
            if was and was.holds_rows:
                _attach(self.client, name, self.source)
        if found.changed:
            # The source may have merged its parts meanwhile: the same rows, other checksums.
            self._sound = _objects(self.client)

    def refill(self, table: str) -> None:
        """Give a table the rows that it had, whatever it holds now. Raises WarehouseError."""
        _run(self.client, f"TRUNCATE TABLE {_quoted(table)}")
        _attach(self.client, table, self.source)

    def _tables_first(self, name: str) -> tuple[bool, str]:
        entry = self._sound.get(name)
        return (entry is not None and not entry.holds_rows, name)

    def drop(self) -> None:
        """Drop the clone and close its client. Raises WarehouseError."""
        _drop(self.client)


def _fill(client: Client, entry: _Object, source: str) -> None:
    """Give a table of a new clone the rows of the source; silence a materialized view."""
    if entry.holds_rows:
        _run(client, f"ALTER TABLE {_quoted(entry.name)} MODIFY SETTING {_NO_MERGES}")
        _attach(client, entry.name, source)
    elif entry.engine == "MaterializedView":
        silenced = f"SELECT * FROM ({entry.query}) WHERE 0"  # noqa: S608 - the view's own query
        _run(client, f"ALTER TABLE {_quoted(entry.name)} MODIFY QUERY {silenced}")


def _drop(client: Client) -> None:
    try:
        drop_cache_of(client, str(client.database))
        execute(client, "DROP DATABASE {name:Identifier} SYNC", {"name": str(client.database)})
    finally:
        client.close()


def _objects(client: Client) -> dict[str, _Object]:
    return {entry.name: entry for entry in _parsed(rows(client, _OBJECTS))}


def _parsed(found: Iterable[dict[str, Any]]) -> Iterable[_Object]:
    for row in found:
        content = tuple(str(part) for part in row["content"])
        yield _Object(row["name"], row["engine"], row["definition"], row["query"], content)


def _attach(client: Client, table: str, source: str) -> None:
    _run(client, f"ALTER TABLE {_quoted(table)} ATTACH PARTITION ALL FROM {_quoted(source)}.{_quoted(table)}")


def _run(client: Client, statement: str) -> None:
    execute(client, statement)


def _quoted(name: str) -> str:
    return f"`{name}`"
