"""Clones of a database: the same schema and rows, without a feed. A proof breaks and restores them.

The parts of tables are attached, not copied. So a clone and each restore take milliseconds, whatever the size.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamproof.model.settings import WarehouseSettings
from streamproof.warehouse.clickhouse.client import connect, execute, rows
from streamproof.warehouse.clickhouse.cloning.damaging import ObjectDamaging
from streamproof.warehouse.clickhouse.database import Database
from streamproof.warehouse.clickhouse.migrations import apply_migrations
from streamproof.warehouse.clickhouse.view_cache import drop_cache_of
from streamproof.warehouse.clones import Change, Damaging, Target
from streamproof.warehouse.common.migrations import LEDGER

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

# A clone must not change by itself: it has no Kafka tables, and its rows do not expire.
_VARIABLES = {"kafka": False, "retention": False}

# A merge would look like damage, and could undo damage (such as a duplicate row). SYSTEM STOP MERGES is no alternative,
# because it stops ALTER TABLE … UPDATE and DELETE as well.
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
    """The present state of a table or view: its definition, and the checksums of its parts."""

    name: str
    engine: str
    definition: str
    query: str
    content: tuple[str, ...]

    @property
    def holds_rows(self) -> bool:
        return self.engine.endswith("MergeTree")


class ClonedDatabase(Database):
    """A clone of database `source`, with its schema and its rows.

    Its materialized views exist but write nothing. A change of a source table does not reach the target table, so a
    check that compares the two must fail.
    """

    def __init__(self, client: Client, settings: WarehouseSettings, source: str) -> None:
        super().__init__(client, settings)
        self.source = source
        self._original = _objects(client)
        self._views = {name: entry.query for name, entry in self._original.items() if entry.engine == "View"}

    @classmethod
    def of(cls, source: WarehouseSettings, name: str, schema: Path) -> ClonedDatabase:
        """Clone the database of `source` as `name`, with the migrations of folder `schema`.

        Raises WarehouseError when the name exists, the source has no table of the schema, or ClickHouse refuses.
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

    def forget_views(self, names: Collection[str]) -> None:
        """Drop these views from the view cache. Raises WarehouseError."""
        self.views.forget(names)

    def damaging(self, target: Target) -> Damaging:
        """Return an object that damages one table or view. Raises WarehouseError."""
        return ObjectDamaging(self, target)

    def definitions(self) -> dict[str, str]:
        """Return the query of every view by name, '' for a table, as they were when the clone was made."""
        return {entry.name: entry.query for entry in self._original.values()}

    def change(self) -> Change:
        """Return what has changed since the clone was made or last restored. Raises WarehouseError."""
        now = _objects(self.client)
        changed = {name for name in now.keys() | self._original.keys() if now.get(name) != self._original.get(name)}
        return Change(frozenset(changed), frozenset(self._original.keys() - now.keys()))

    def restore(self, change: Change | None = None) -> None:
        """Undo all changes; `change` is the result of `change()`, if the caller has it. Raises WarehouseError."""
        found = change or self.change()
        now = _objects(self.client) if found.changed else {}
        for name in sorted(found.changed, key=self._tables_first):
            original, present = self._original.get(name), now.get(name)
            if present and original and present.definition == original.definition:
                _run(self.client, f"TRUNCATE TABLE {_quoted(name)}")
            else:
                if present:
                    _run(self.client, f"DROP TABLE {_quoted(name)} SYNC")
                if original:
                    _run(self.client, original.definition)
            if original and original.holds_rows:
                _attach(self.client, name, self.source)
        if found.changed:
            # The source may have merged its parts since then, so that the same rows have other checksums.
            self._original = _objects(self.client)

    def refill(self, table: str) -> None:
        """Replace the rows of a table by those of the source. Raises WarehouseError."""
        _run(self.client, f"TRUNCATE TABLE {_quoted(table)}")
        _attach(self.client, table, self.source)

    def _tables_first(self, name: str) -> tuple[bool, str]:
        entry = self._original.get(name)
        return (entry is not None and not entry.holds_rows, name)

    def drop(self) -> None:
        """Drop the clone and close its client. Raises WarehouseError."""
        _drop(self.client)


def _fill(client: Client, entry: _Object, source: str) -> None:
    """Give a table of a new clone the rows of the source, or make a materialized view write nothing."""
    if entry.holds_rows:
        _run(client, f"ALTER TABLE {_quoted(entry.name)} MODIFY SETTING {_NO_MERGES}")
        _attach(client, entry.name, source)
    elif entry.engine == "MaterializedView":
        no_rows = f"SELECT * FROM ({entry.query}) WHERE 0"  # noqa: S608 - the view's own query
        _run(client, f"ALTER TABLE {_quoted(entry.name)} MODIFY QUERY {no_rows}")


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
