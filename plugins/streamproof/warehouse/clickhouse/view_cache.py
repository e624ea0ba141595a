"""Views that are read once for all checks: each a table beside its view that the checks read in its place.

ClickHouse plans a view anew in every query that names it, which for a view over views takes far longer than to read
what is in it. So a view with two readers or more is read once, and a query that names it reads what is held instead.
All checks then judge the same reading. A view is a reader, too: it is read after those that it names, from what is held
of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Set
from concurrent.futures import ThreadPoolExecutor
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

from streamproof.model.errors import WarehouseError
from streamproof.sql.lexing import names_in, tokens
from streamproof.sql.stand_ins import stand_in
from streamproof.warehouse.clickhouse.client import execute, rows
from streamproof.warehouse.clickhouse.reading import reading_settings

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

PREFIX = "held__"
# While one view is planned, another one can be read.
WORKERS = 2

_HELD = "SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, {prefix:String})"
_VIEWS = "SELECT name, as_select FROM system.tables WHERE database = currentDatabase() AND engine = 'View'"
_FINGERPRINT = """
SELECT
    (
        SELECT toString(groupArray((name, type)))
        FROM (
            SELECT name, type
            FROM system.columns
            WHERE database = currentDatabase() AND table = {held:String}
            ORDER BY position
        )
    ) AS columns,
    count() AS number,
    sum(cityHash64(formatRow('RowBinary', *))) AS content
FROM {held:Identifier}
"""


def shared_by(texts: Iterable[str], views: Mapping[str, str]) -> frozenset[str]:
    """Return the views that two or more readers name: one reader gains nothing from a view that is held.

    `views` holds the query of each view by its name. Readers are the texts, and the views that they reach.
    """
    readers = list(texts)
    found: Counter[str] = Counter()
    while readers:
        named = names_in(readers.pop(), views)
        readers.extend(views[name] for name in named - found.keys())
        found.update(named)
    return frozenset(name for name, number in found.items() if number > 1)


class HeldViews:
    """The views of a database that are held in it."""

    def __init__(self, client: Client) -> None:
        """Hold nothing yet; `client` may write to the database."""
        self._client = client
        self._names: set[str] = set()

    @classmethod
    def found(cls, client: Client) -> HeldViews:
        """Return what is held in a database; in one that no run has prepared, nothing. Raises WarehouseError."""
        views = cls(client)
        views._names = {str(row["name"]).removeprefix(PREFIX) for row in rows(client, _HELD, {"prefix": PREFIX})}
        return views

    @property
    def names(self) -> frozenset[str]:
        """Return the names of the views that are held."""
        return frozenset(self._names)

    def take(self, names: Set[str], *, workers: int = 1) -> None:
        """Read these views, as far as they are not held.

        One that cannot be read is not held: then every check that reads it says itself what is wrong.
        """
        queries = views_of(self._client)
        wanted = {name: self._unqualified(queries[name], queries) for name in queries.keys() & names - self._names}
        order = TopologicalSorter({name: reads & wanted.keys() for name, (_, reads) in wanted.items()})
        order.prepare()
        with ThreadPoolExecutor(max_workers=max(1, workers), thread_name_prefix="views") as pool:
            while order.is_active():
                ready = order.get_ready()
                readable = tuple(pool.map(lambda name: self._hold(name, wanted[name][0]), ready))
                self._names |= {name for name, is_held in zip(ready, readable, strict=True) if is_held}
                order.done(*ready)

    def _unqualified(self, query: str, views: Collection[str]) -> tuple[str, frozenset[str]]:
        """Return a view's query without the database before the views that it names, and their names."""
        database = str(self._client.database)
        pieces = [token.text for token in tokens(query, "a view")]
        named = set()
        for i in range(len(pieces) - 2):
            before, dot, name = (piece.strip("`") for piece in pieces[i : i + 3])
            if (before, dot) == (database, ".") and name in views:
                pieces[i] = pieces[i + 1] = ""
                named.add(name)
        return "".join(pieces), frozenset(named)

    def _hold(self, name: str, query: str) -> bool:
        # A view is read as a check reads it, but what is read is written.
        settings = {key: value for key, value in reading_settings(self._client).items() if key != "readonly"}
        # An engine that every user who may make the schema may use. Columns are the view's: its query's may be others.
        table = f"`{PREFIX}{name}`"
        try:
            execute(self._client, f"CREATE TABLE {table} AS `{name}` ENGINE = MergeTree ORDER BY ()")
            execute(self._client, f"INSERT INTO {table} {self.in_place(query)}", settings=settings)
        except WarehouseError:
            execute(self._client, f"DROP TABLE IF EXISTS {table} SYNC")
            return False
        return True

    def forget(self, names: Set[str]) -> None:
        """Drop what is held of these views. Raises WarehouseError."""
        for name in sorted(self._names & names):
            execute(self._client, f"DROP TABLE `{PREFIX}{name}` SYNC")
            self._names.remove(name)

    def fingerprint(self, name: str) -> str:
        """Return a text that equal columns and rows of a view that is held have in common. Raises WarehouseError."""
        return str(rows(self._client, _FINGERPRINT, {"held": PREFIX + name}))

    def in_place(self, sql: str) -> str:
        """Return a query that reads what is held where this one names a view, and else means the same."""
        return stand_in(sql, {name: PREFIX + name for name in self._names})


def views_of(client: Client) -> dict[str, str]:
    """Return the queries of all views of the database by name. Raises WarehouseError."""
    return {str(row["name"]): str(row["as_select"]) for row in rows(client, _VIEWS)}
