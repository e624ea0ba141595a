"""Insert rows of JSON values with COPY."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from streamproof.warehouse.postgres.client import Client, quoted, refusals, rows, run

if TYPE_CHECKING:
    from psycopg import Connection

_TYPES = """
SELECT attname::text AS name, format_type(atttypid, atttypmod) AS type
FROM pg_attribute
WHERE attrelid = to_regclass({table:text}) AND attnum > 0 AND NOT attisdropped
"""

# Tables of the engine whose rows replace those with the same key, which an earlier call wrote.
REPLACED_BY_KEY: Mapping[str, tuple[str, ...]] = {"service_log_lines": ("service", "level", "line_number")}

Row = Sequence[object]


def insert(client: Client, table: str, columns: Sequence[str], found: Iterable[Row], *, what: str) -> int:
    """Insert rows in one transaction and return their number. `what` begins an error message.

    A value is a text that PostgreSQL reads as the column's type, a number, a truth value, a list, an object, or None.
    Raises WarehouseError.
    """
    types = {row["name"]: row["type"] for row in rows(client, _TYPES, {"table": quoted(table)})}
    with refusals(what, hint="Look at PostgreSQL's log in stack/logs."), client.writing() as session:
        kinds = [types.get(name, "text") for name in columns]
        if table in REPLACED_BY_KEY:
            return _replace_rows(session, table, columns, found, types=kinds)
        return copy_rows(session, table, columns, found, types=kinds)


def _replace_rows(
    session: Connection[Any], table: str, columns: Sequence[str], found: Iterable[Row], *, types: Sequence[str]
) -> int:
    names = ", ".join(map(quoted, columns))
    key = ", ".join(map(quoted, REPLACED_BY_KEY[table]))
    values = ", ".join(f"{quoted(name)} = excluded.{quoted(name)}" for name in columns)
    run(session, f"CREATE TEMPORARY TABLE incoming ON COMMIT DROP AS TABLE {quoted(table)} WITH NO DATA")
    number = copy_rows(session, "incoming", columns, found, types=types)
    run(
        session,
        f"INSERT INTO {quoted(table)} ({names}) SELECT DISTINCT ON ({key}) {names} FROM incoming "  # noqa: S608 - names of the engine
        f"ORDER BY {key}, incoming.ctid DESC "
        f"ON CONFLICT ({key}) DO UPDATE SET {values}",
    )
    return number


def copy_rows(
    session: Connection[Any], table: str, columns: Sequence[str], found: Iterable[Row], *, types: Sequence[str]
) -> int:
    """Copy rows into a table with columns of these types, and return their number. Raises errors of the driver."""
    writers = [_writer(kind) for kind in types]
    number = 0
    names = ", ".join(map(quoted, columns))
    statement: Any = f"COPY {quoted(table)} ({names}) FROM STDIN"
    with session.cursor() as cursor, cursor.copy(statement) as copy:
        for row in found:
            copy.write_row([write(value) for write, value in zip(writers, row, strict=True)])
            number += 1
    return number


def _writer(kind: str) -> Callable[[Any], Any]:
    """Return the function that converts a JSON value for a column of this type."""
    if kind in ("json", "jsonb"):
        return lambda value: None if value is None else orjson.dumps(value).decode()
    return _plain


def _plain(value: Any) -> Any:
    """Return a value for a column that is not JSON. Bytes that a fixture gives for a text are read as UTF-8."""
    if isinstance(value, dict):
        return orjson.dumps(value).decode()
    return list(value) if isinstance(value, tuple) else value
