"""Views that are read once for all checks: each a table beside its view that the checks read in its place.

ClickHouse plans a view anew in every query that names it, which for a view over views takes far longer than to read
what is in it. So a view with two readers or more is read once, and a query that names it gets a common table expression
of that name over the rows. All checks then judge the same reading.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from streamproof.model.errors import WarehouseError
from streamproof.services.clickhouse import execute, rows
from streamproof.services.reading import reading_settings
from streamproof.sql.lexing import Kind, names_in, tokens

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

PREFIX = "held__"
# While one view is planned, another one can be read.
WORKERS = 2

_HELD = "SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, {prefix:String})"
_VIEWS = "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine = 'View'"
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


def shared_by(texts: Iterable[str], names: Collection[str]) -> frozenset[str]:
    """Return the names that two or more of the texts have: one reader gains nothing from a view that is held."""
    found = Counter(name for text in texts for name in names_in(text, names))
    return frozenset(name for name, readers in found.items() if readers > 1)


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

    def take(self, names: Iterable[str], *, workers: int = 1) -> None:
        """Read these views, as far as they are not held.

        One that cannot be read is not held: then every check that reads it says itself what is wrong.
        """
        wanted = sorted(frozenset(names) - self._names)
        with ThreadPoolExecutor(max_workers=max(1, workers), thread_name_prefix="views") as pool:
            self._names |= {name for name, is_held in zip(wanted, pool.map(self._hold, wanted), strict=True) if is_held}

    def _hold(self, name: str) -> bool:
        # A view is read as a check reads it, but what is read is written.
        settings = {key: value for key, value in reading_settings(self._client).items() if key != "readonly"}
        # An engine that every user who may make the schema may use.
        statement = f"CREATE TABLE `{PREFIX}{name}` ENGINE = MergeTree ORDER BY () AS SELECT * FROM `{name}`"  # noqa: S608
        try:
            execute(self._client, statement, settings=settings)
        except WarehouseError:
            execute(self._client, f"DROP TABLE IF EXISTS `{PREFIX}{name}` SYNC")
            return False
        return True

    def forget(self, names: Iterable[str]) -> None:
        """Drop what is held of these views. Raises WarehouseError."""
        for name in sorted(self._names & frozenset(names)):
            execute(self._client, f"DROP TABLE `{PREFIX}{name}` SYNC")
            self._names.remove(name)

    def fingerprint(self, name: str) -> str:
        """Return a text that equal columns and rows of a view that is held have in common. Raises WarehouseError."""
        return str(rows(self._client, _FINGERPRINT, {"held": PREFIX + name}))

    def in_place(self, sql: str) -> str:
        """Return a query that reads what is held where this one names a view, and else means the same."""
        named = sorted(names_in(sql, self._names))
        if not named:
            return sql
        held = ", ".join(f"`{name}` AS (SELECT * FROM `{PREFIX}{name}`)" for name in named)  # noqa: S608
        at, rest = _after_with(sql)
        return f"{sql[:at]}WITH {held}{', ' if rest else ' '}{sql[rest or at :]}"


def views_of(client: Client) -> frozenset[str]:
    """Return the names of all views of the database. Raises WarehouseError."""
    return frozenset(str(row["name"]) for row in rows(client, _VIEWS))


def _after_with(sql: str) -> tuple[int, int]:
    """Return where the query's code starts, and where its own WITH ends: 0 when it has none."""
    first = next(token for token in tokens(sql, "a query") if token.kind is not Kind.BLANK and not token.is_comment)
    return first.start, first.start + len(first.text) if first.text.upper() == "WITH" else 0
