"""The view cache: views that several checks read are read once for all of them.

A second database beside the run's own holds each cached view as a table of the same name, and every other object of
the run's database as an alias. A query that names a cached view runs with that database as its default; every other
query runs in the run's own. No SQL is changed: the text that runs is the text in the file.

It is worth its price because ClickHouse plans a view anew in every query that names it: see docs/decisions.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Set
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from streamproof.model.errors import WarehouseError
from streamproof.sql.lexing import names_in
from streamproof.warehouse.clickhouse.client import execute, rows
from streamproof.warehouse.clickhouse.comparing.comparison import quoted
from streamproof.warehouse.clickhouse.objects import objects_read
from streamproof.warehouse.clickhouse.reading import reading_settings

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

# While one view is planned, another one can be read.
WORKERS = 2

# By this comment a database is known for a cache: no other is ever dropped.
_COMMENT = "streamproof: view cache"
_OBJECTS = """
SELECT name FROM system.tables
WHERE database = currentDatabase() AND engine NOT IN ('Kafka', 'MaterializedView')
"""
_VIEWS = "SELECT name, as_select FROM system.tables WHERE database = currentDatabase() AND engine = 'View'"
_CACHED = """
SELECT tables.name AS name
FROM system.tables AS tables
INNER JOIN system.databases AS databases ON databases.name = tables.database
WHERE tables.database = {cache:String} AND tables.engine != 'Alias' AND databases.comment = {comment:String}
"""
_IS_CACHE = "SELECT 1 FROM system.databases WHERE name = {cache:String} AND comment = {comment:String}"


def cache_of(database: str) -> str:
    """Return the name of the database that holds the cached views of another one."""
    return f"{database}__views"


def drop_cache_of(client: Client, database: str) -> None:
    """Drop the view cache of a database, if there is one. Raises WarehouseError."""
    place = {"cache": cache_of(database)}
    if rows(client, _IS_CACHE, {**place, "comment": _COMMENT}):
        execute(client, "DROP DATABASE {cache:Identifier} SYNC", place)


def shared_by(texts: Iterable[str], views: Mapping[str, str]) -> frozenset[str]:
    """Return the views that two or more readers name: one reader gains nothing from a cached view.

    `views` holds the query of each view by its name. Readers are the texts, and the views that they reach.
    """
    readers = list(texts)
    found: Counter[str] = Counter()
    while readers:
        named = names_in(readers.pop(), views)
        readers.extend(views[name] for name in named - found.keys())
        found.update(named)
    return frozenset(name for name, number in found.items() if number > 1)


def views_of(client: Client) -> dict[str, str]:
    """Return the queries of all views of the database by name. Raises WarehouseError."""
    return {str(row["name"]): str(row["as_select"]) for row in rows(client, _VIEWS)}


class ViewCache:
    """The cached views of one database."""

    def __init__(self, client: Client) -> None:
        """Cache nothing yet; `client` may create a database and write to it."""
        self._client = client
        self.database = cache_of(str(client.database))
        self._names: set[str] = set()
        self._is_made = False

    @classmethod
    def found(cls, client: Client) -> ViewCache:
        """Return the cache that a run has made of a database, or one with nothing in it. Raises WarehouseError."""
        cache = cls(client)
        place = {"cache": cache.database, "comment": _COMMENT}
        cache._names = {str(row["name"]) for row in rows(client, _CACHED, place)}
        cache._is_made = bool(cache._names)
        return cache

    @property
    def names(self) -> frozenset[str]:
        """Return the names of the cached views."""
        return frozenset(self._names)

    def database_for(self, sql: str) -> str | None:
        """Return the database that a query must run in to read what is cached, None for the run's own.

        A query about the tables themselves (system.tables, say) asks about the run's own.
        """
        return self.database if self._names and objects_read(sql, self._names) else None

    def take(self, names: Set[str], *, workers: int = 1) -> None:
        """Read these views, as far as they are not cached.

        One that cannot be read is not cached: then every check that reads it says itself what is wrong. Raises
        WarehouseError when the cache cannot be made.
        """
        wanted = sorted(names - self._names)
        if not wanted:
            return
        self._make()
        with ThreadPoolExecutor(max_workers=max(1, workers), thread_name_prefix="views") as pool:
            readable = tuple(pool.map(self._read, wanted))
        self._names |= {name for name, is_cached in zip(wanted, readable, strict=True) if is_cached}

    def _make(self) -> None:
        """Create the cache's database with an alias for every object."""
        if self._is_made:
            return
        create = f"CREATE DATABASE {{cache:Identifier}} COMMENT '{_COMMENT}'"
        execute(self._client, create, {"cache": self.database})
        for row in rows(self._client, _OBJECTS):
            self._alias(str(row["name"]))
        self._is_made = True

    def _alias(self, name: str) -> None:
        # An alias finds its object by name whenever it is read: one that is dropped and made anew is found again.
        place = {"cache": self.database, "name": name, "database": str(self._client.database)}
        sql = "CREATE TABLE {cache:Identifier}.{name:Identifier} ENGINE = Alias({database:String}, {name:String})"
        execute(self._client, sql, place)

    def _read(self, name: str) -> bool:
        # A view is read as a check reads it, but what is read is written.
        settings = {key: value for key, value in reading_settings(self._client).items() if key != "readonly"}
        self._drop(name)
        try:
            # An engine that every user who may make the schema may use. Columns are the view's: its query's may differ.
            table = f"{quoted(self.database)}.{quoted(name)}"
            execute(self._client, f"CREATE TABLE {table} AS {quoted(name)} ENGINE = MergeTree ORDER BY ()")
            execute(self._client, f"INSERT INTO {table} SELECT * FROM {quoted(name)}", settings=settings)  # noqa: S608
        except WarehouseError:
            self._drop(name)
            self._alias(name)
            return False
        return True

    def forget(self, names: Collection[str]) -> None:
        """Forget these views: who names one reads the view itself again. Raises WarehouseError."""
        for name in sorted(self._names.intersection(names)):
            self._drop(name)
            self._alias(name)
            self._names.remove(name)

    def _drop(self, name: str) -> None:
        place = {"cache": self.database, "name": name}
        execute(self._client, "DROP TABLE IF EXISTS {cache:Identifier}.{name:Identifier} SYNC", place)

    def drop(self) -> None:
        """Drop the cache with all that it holds. Raises WarehouseError."""
        drop_cache_of(self._client, str(self._client.database))
        self._names.clear()
        self._is_made = False
