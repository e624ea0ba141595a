"""The view cache: a view that several checks read is evaluated only once.

The cache is a second database. It holds the rows of each cached view in a table of the same name, and an alias for
every other object of the run's database. A query that names a cached view runs with the cache as its default database;
every other query runs in the run's database. The SQL text itself is not changed.

Without the cache, ClickHouse plans a view again in every query that names it: see docs/decisions.md.
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

# With two workers, ClickHouse can plan one view while it reads another.
WORKERS = 2

# The comment of a cache's database. Only a database with this comment is dropped.
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
    """Return the name of the database that holds the cached views of `database`."""
    return f"{database}__views"


def drop_cache_of(client: Client, database: str) -> None:
    """Drop the view cache of a database, if there is one. Raises WarehouseError."""
    names = {"cache": cache_of(database)}
    if rows(client, _IS_CACHE, {**names, "comment": _COMMENT}):
        execute(client, "DROP DATABASE {cache:Identifier} SYNC", names)


def shared_by(texts: Iterable[str], views: Mapping[str, str]) -> frozenset[str]:
    """Return the views that two or more readers name. A single reader gains nothing from a cached view.

    `views` holds the query of each view by its name. Readers are the texts, and the views that they read directly or
    through other views.
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
        """Start empty. The user of `client` must be allowed to create a database and write to it."""
        self._client = client
        self.database = cache_of(str(client.database))
        self._names: set[str] = set()
        self._is_made = False

    @classmethod
    def found(cls, client: Client) -> ViewCache:
        """Return the existing cache of the client's database, or an empty one. Raises WarehouseError."""
        cache = cls(client)
        parameters = {"cache": cache.database, "comment": _COMMENT}
        cache._names = {str(row["name"]) for row in rows(client, _CACHED, parameters)}
        cache._is_made = bool(cache._names)
        return cache

    @property
    def names(self) -> frozenset[str]:
        """Return the names of the cached views."""
        return frozenset(self._names)

    def database_for(self, sql: str) -> str | None:
        """Return the cache's database if the query reads a cached view, else None.

        A query of system tables, such as system.tables, always runs in the run's own database.
        """
        return self.database if self._names and objects_read(sql, self._names) else None

    def take(self, names: Set[str], *, workers: int = 1) -> dict[str, str]:
        """Cache these views, unless they are cached already, and return the errors of those that cannot be read.

        Such a view is not cached; a check that reads it reports the error, too. Raises WarehouseError when the cache
        cannot be created.
        """
        wanted = sorted(names - self._names)
        if not wanted:
            return {}
        self._make()
        with ThreadPoolExecutor(max_workers=max(1, workers), thread_name_prefix="views") as pool:
            outcomes = dict(zip(wanted, pool.map(self._read, wanted), strict=True))
        self._names |= {name for name, error in outcomes.items() if not error}
        return {name: error for name, error in outcomes.items() if error}

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
        # An alias looks its object up by name at every read, so it still works after the object was created again.
        names = {"cache": self.database, "name": name, "database": str(self._client.database)}
        sql = "CREATE TABLE {cache:Identifier}.{name:Identifier} ENGINE = Alias({database:String}, {name:String})"
        execute(self._client, sql, names)

    def _read(self, name: str) -> str:
        """Cache one view and return '', or the error when it cannot be read."""
        # The view is read with the settings of a check, except `readonly`: the rows are written to a table.
        settings = {key: value for key, value in reading_settings(self._client).items() if key != "readonly"}
        self._drop(name)
        try:
            # Every user who may create the schema may use engine MergeTree. `AS` takes the columns from the view; the
            # types that its query returns may differ.
            table = f"{quoted(self.database)}.{quoted(name)}"
            execute(self._client, f"CREATE TABLE {table} AS {quoted(name)} ENGINE = MergeTree ORDER BY ()")
            execute(self._client, f"INSERT INTO {table} SELECT * FROM {quoted(name)}", settings=settings)  # noqa: S608
        except WarehouseError as error:
            self._drop(name)
            self._alias(name)
            return error.message
        return ""

    def forget(self, names: Collection[str]) -> None:
        """Drop these views from the cache, so that queries read the views themselves again. Raises WarehouseError."""
        for name in sorted(self._names.intersection(names)):
            self._drop(name)
            self._alias(name)
            self._names.remove(name)

    def _drop(self, name: str) -> None:
        names = {"cache": self.database, "name": name}
        execute(self._client, "DROP TABLE IF EXISTS {cache:Identifier}.{name:Identifier} SYNC", names)

    def drop(self) -> None:
        """Drop the cache and everything in it. Raises WarehouseError."""
        drop_cache_of(self._client, str(self._client.database))
        self._names.clear()
        self._is_made = False
