"""Insert rows of JSON values with COPY."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from streamproof.warehouse.postgres.client import Client, quoted, refusals, rows

if TYPE_CHECKING:
    from psycopg import Connection

_TYPES = """
SELECT attname::text AS name, format_type(atttypid, atttypmod) AS type
FROM pg_attribute
WHERE attrelid = to_regclass({table:text}) AND attnum > 0 AND NOT attisdropped
"""

Row = Sequence[object]


def insert(client: Client, table: str, columns: Sequence[str], found: Iterable[Row], *, what: str) -> int:
    """Insert rows in one transaction and return their number. `what` begins an error message.

    A value is a text that PostgreSQL reads as the column's type, a number, a truth value, a list, an object, or None.
    Raises WarehouseError.
    """
    types = {row["name"]: row["type"] for row in rows(client, _TYPES, {"table": quoted(table)})}
    with refusals(what, hint="Look at PostgreSQL's log in stack/logs."), client.writing() as session:
        return copy_rows(session, table, columns, found, types=[types.get(name, "text") for name in columns])


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
