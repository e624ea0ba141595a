"""Review SQL on a temporary server: it must parse, and name only what the schema has."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamproof.model.errors import StackError, WarehouseError
from streamproof.postgres.temporary import temporary_server
from streamproof.warehouse.postgres.binding import bound
from streamproof.warehouse.postgres.client import Client, plain_message, run
from streamproof.warehouse.postgres.migrations import engine_statements, scripts_of
from streamproof.warehouse.postgres.objects import described
from streamproof.warehouse.values import AsTyped, SqlReview, SqlText

if TYPE_CHECKING:
    from psycopg import Connection

# What EXPLAIN takes. Anything else is a statement of the schema, as TRUNCATE.
_IS_PLANNED = re.compile(
    r"\A(?:\s|--[^\n]*\n)*(?:SELECT|WITH|VALUES|TABLE|INSERT|UPDATE|DELETE|MERGE)\b", re.IGNORECASE
)
# A line of a plan that changes rows, of the statement itself or of a common table expression.
_CHANGES_ROWS = re.compile(r"\s*(?:->\s+)?(?:Insert|Update|Delete|Merge) on ")
_WHOLE_NUMBERS = ("smallint", "integer", "bigint")
_VARIABLES = {"kafka": False, "retention": False, "timescaledb": False}
# The value of a parameter that no one gives, by the beginning of its type; texts are empty.
_EMPTY = {
    "timestamp": "2000-01-01 00:00:00+00", "date": "2000-01-01", "bool": "false", "json": "{}", "interval": "0",
    "uuid": "00000000-0000-0000-0000-000000000000", "bytea": "",
    **dict.fromkeys(("small", "int", "big", "real", "double", "numeric", "decimal", "float"), "0"),
}  # fmt: skip

_OBJECTS = """
SELECT relname::text
FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
"""

Problem = tuple[str, str]


def review_sql(schema: Path, texts: Sequence[SqlText], known: Mapping[str, object]) -> SqlReview:
    """Return the refusals of the server, and the names of all objects of the schema.

    `known` are the values of parameters. Another parameter gets an empty value of its type. The migrations are those
    without TimescaleDB. Raises SqlSourceError for a broken schema folder, WarehouseError when there is no server.
    """
    scripts = [("streamproof", statement) for statement in engine_statements()]
    for migration, script in scripts_of(schema, _VARIABLES):
        scripts += [(f"{migration.path.name}, statement {n}", statement) for n, statement in enumerate(script, start=1)]
    try:
        with temporary_server() as settings, closing(Client(settings)) as client, client.writing() as session:
            problems = tuple(problem for source, sql in scripts for problem in _refused(session, source, sql))
            if problems:
                return SqlReview(problems, frozenset())
            found = tuple(problem for text in texts for problem in _reviewed(session, text, known))
            return SqlReview(found, _objects(session))
    except WarehouseError:
        raise
    except StackError as error:
        raise WarehouseError(f"The server that reviews SQL cannot be used: {error.message}", hint=error.hint) from None


def _refused(session: Connection[Any], source: str, sql: str) -> Iterator[Problem]:
    """Run a statement of the schema and yield its refusal."""
    from psycopg import Error

    try:
        with session.transaction():
            run(session, sql)
    except Error as error:
        yield source, plain_message(error)


def _reviewed(session: Connection[Any], text: SqlText, known: Mapping[str, object]) -> Iterator[Problem]:
    """Resolve a query or a change of rows, or run another statement, and undo it; yield the refusal.

    A change of rows is planned only: in empty tables, it may meet a constraint that it does not meet in a run.
    """
    from psycopg import Error

    values = {name: known.get(name, AsTyped(_empty(kind))) for name, kind in text.parameters}
    types: dict[str, str] = {}
    try:
        with session.transaction(force_rollback=True):
            if not _IS_PLANNED.match(text.sql):
                run(session, text.sql, values)
            elif not _changes_rows(session, text.sql, values):
                run(session, f"CREATE TEMPORARY VIEW reviewed AS {text.sql}", values)
                types = described(session, "SELECT * FROM reviewed")
    except Error as error:
        yield text.source, plain_message(error)
        return
    if text.count:
        yield from _without_count(text, types)


def _changes_rows(session: Connection[Any], sql: str, values: Mapping[str, object]) -> bool:
    """Plan a statement, and return whether it changes rows. Raises errors of the driver."""
    from psycopg import ClientCursor

    statement, bound_values = bound(f"EXPLAIN {sql}", values)
    with ClientCursor(session) as cursor:
        return any(_CHANGES_ROWS.match(line) for (line,) in cursor.execute(statement, bound_values))


def _without_count(text: SqlText, types: Mapping[str, str]) -> Iterator[Problem]:
    kind = types.get(text.count)
    if kind is None:
        yield text.source, f"the query returns no column `{text.count}`, but {', '.join(types) or 'none'}"
    elif kind not in _WHOLE_NUMBERS:
        yield text.source, f"column `{text.count}` is {kind}, not a whole number"


def _empty(kind: str) -> str:
    if kind.endswith("[]"):
        return "{}"
    return next((value for name, value in _EMPTY.items() if kind.startswith(name)), "")


def _objects(session: Connection[Any]) -> frozenset[str]:
    found = session.execute(_OBJECTS).fetchall()
    return frozenset(row[0] for row in found)
