"""Clones of a database: a copy of its files, in which a proof breaks data and restores it by a rollback."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from streamproof.model.errors import WarehouseError
from streamproof.model.settings import WarehouseSettings
from streamproof.warehouse.clones import Change, Damaging, Target
from streamproof.warehouse.postgres.client import rows
from streamproof.warehouse.postgres.cloning.damaging import ObjectDamaging
from streamproof.warehouse.postgres.cloning.sessions import CloneClient
from streamproof.warehouse.postgres.database import Database
from streamproof.warehouse.postgres.servers.databases import copy_database, drop_database

_OBJECTS = Path(__file__).with_name("objects.sql")


class ClonedDatabase(Database):
    """A clone of database `source`. All that happens in it is one open transaction: a rollback also undoes DDL."""

    client: CloneClient

    def __init__(self, client: CloneClient, source: str) -> None:
        super().__init__(client)
        self.source = source
        self._original = self._objects()

    @classmethod
    def of(cls, source: WarehouseSettings, name: str) -> ClonedDatabase:
        """Clone the database of `source` as `name`. Raises WarehouseError, also when others are connected to it."""
        copy_database(source, name)
        settings = source.using(name)
        try:
            return cls(CloneClient(settings), source.database)
        except WarehouseError:
            drop_database(settings, name)
            raise

    @property
    def databases(self) -> tuple[str, ...]:
        """Return the names of the databases whose expected rows this one holds."""
        return (self.database, self.source)

    def definitions(self) -> dict[str, str]:
        """Return the query of every view by name, '' for a table, as they were when the clone was made."""
        return {name: str(entry["query"]) for name, entry in self._original.items()}

    def change(self) -> Change:
        """Return what has changed since the clone was made or last restored. Raises WarehouseError."""
        now = self._objects()
        changed = {name for name in now.keys() | self._original.keys() if now.get(name) != self._original.get(name)}
        return Change(frozenset(changed), frozenset(self._original.keys() - now.keys()))

    def restore(self, change: Change | None = None) -> None:
        """Undo all changes. Raises WarehouseError."""
        if change is None or change.changed:
            self.client.rollback()
            self._original = self._objects()

    def forget_views(self, names: Collection[str]) -> None:
        """Do nothing: no view is cached."""

    def damaging(self, target: Target) -> Damaging:
        """Return an object that damages one table or view. Raises WarehouseError."""
        return ObjectDamaging(self.client, target, list(self._original.values()), self._restored)

    def _restored(self) -> None:
        # The server counts the rows that a transaction has written, also those that a savepoint has undone.
        self._original = self._objects()

    def drop(self) -> None:
        """Drop the clone and close its session. Raises WarehouseError."""
        self.client.close()
        drop_database(self.client.settings, self.database)

    def _objects(self) -> dict[str, dict[str, Any]]:
        return {row["name"]: row for row in rows(self.client, _OBJECTS.read_text(encoding="utf-8"))}
