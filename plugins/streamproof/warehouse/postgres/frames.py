"""Read a contract's table into a DataFrame, and mark the values that are NaN or infinite.

A DataFrame cannot tell NULL from NaN. A contract may allow NULL, but never NaN. So the query itself returns, for each
row, which values are NaN or infinite. The types of the columns follow from the types of the table, never from the data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, NamedTuple

from streamproof.model.errors import WarehouseError
from streamproof.warehouse.postgres.binding import bound
from streamproof.warehouse.postgres.client import Client, quoted, refusals, rows
from streamproof.warehouse.postgres.objects import described
from streamproof.warehouse.values import Reading, TableRead

if TYPE_CHECKING:
    import pandas as pd

_STORED = """
SELECT attname::text AS name, format_type(atttypid, atttypmod) AS type, attnotnull AS is_set
FROM pg_attribute
WHERE attrelid = to_regclass({table:text}) AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
ORDER BY attnum
"""
_MASK = "streamproof: not finite: "
_FLOAT = re.compile(r"(?:real|double precision|numeric(?:\(.*\))?)")
_FLOATS = re.compile(r"(?:real|double precision|numeric(?:\(.*\))?)\[\]")
# pandas types by type of the column: where it cannot be NULL, and where it can.
_TYPES: Mapping[str, tuple[str, str]] = {
    "smallint": ("int64", "Int64"),
    "integer": ("int64", "Int64"),
    "bigint": ("int64", "Int64"),
    "real": ("float64", "float64"),
    "double precision": ("float64", "float64"),
    "boolean": ("bool", "boolean"),
}
_TIME = re.compile(r"timestamp(?:\(\d\))? (?:with|without) time zone")
# Great Expectations can neither compare values of other types nor write them to its result. They become text.
_READ_AS_IS = re.compile(
    r"(smallint|integer|bigint|real|double precision|numeric|boolean|text|character|json|timestamp|date\b|name)"
)


class _Column(NamedTuple):
    """A column of the result: its SQL, its type, and whether it can be NULL."""

    sql: str
    type: str
    nullable: bool


class _Query(NamedTuple):
    """The statement that reads a table, its columns, and the names of those with a mask, in the order of the masks."""

    statement: str
    columns: Mapping[str, _Column]
    masked: Sequence[str]


def read_table(client: Client, read: TableRead, window: Mapping[str, object]) -> Reading:
    """Read the stored columns of a table, except those left out, then the computed columns.

    `window` holds `from_ts` and `to_ts` when the contract has a time column. Times are UTC without a zone; addresses,
    UUIDs and other types that are no JSON become text. Generated columns are not read. Raises WarehouseError.
    """
    query = _query(client, read)
    with _refusals(read), client.reading() as session:
        text, values = bound(query.statement, _parameters(read, window))
        return _reading(session.execute(text, values).fetchall(), query, 0)


def read_batches(client: Client, read: TableRead, window: Mapping[str, object], size: int) -> Iterator[Reading]:
    """Read a table as `read_table` does, and yield its rows in batches of this number; the last one may be smaller.

    The index of the frames counts through all batches. Only a batch is in memory. Raises WarehouseError.
    """
    query, start = _query(client, read), 0
    with client.reading() as session, session.cursor("batches") as cursor:
        with _refusals(read):
            text, values = bound(query.statement, _parameters(read, window))
            cursor.execute(text, values)
        while True:
            with _refusals(read):
                batch = cursor.fetchmany(size)
            if not batch:
                return
            yield _reading(batch, query, start)
            start += len(batch)


def _query(client: Client, read: TableRead) -> _Query:
    table = quoted(read.table)
    with _refusals(read):
        found = rows(client, _STORED, {"table": table})
    columns = {
        row["name"]: _Column(quoted(row["name"]), row["type"], not row["is_set"])
        for row in found
        if row["name"] not in read.leave_out
    }
    if not columns:
        raise WarehouseError(f"There is no table {read.table}.", hint=f"Apply the schema, or correct {read.source}.")
    columns |= _computed(client, read)
    if read.only:
        columns = {name: it for name, it in columns.items() if name in read.only} or dict([next(iter(columns.items()))])
    masks = {name: mask for name, it in columns.items() if (mask := _not_finite(it))}
    selected = [f"{_as_read(it)} AS {quoted(name)}" for name, it in columns.items()]
    selected += [f"{mask} AS {quoted(f'{_MASK}{number}')}" for number, mask in enumerate(masks.values())]
    limit = f" LIMIT {read.limit}" if read.limit else ""
    statement = f"SELECT {', '.join(selected)} FROM {table}{_where(read)}{limit}"  # noqa: S608 - names and SQL of the pack
    return _Query(statement, columns, list(masks))


def _computed(client: Client, read: TableRead) -> dict[str, _Column]:
    """Return the computed columns with their types. They may be NULL."""
    if not read.computed:
        return {}
    columns = ", ".join(f"({sql}) AS {quoted(name)}" for name, sql in read.computed.items())
    with _refusals(read), client.reading() as session:
        types = described(session, f"SELECT {columns} FROM {quoted(read.table)}")  # noqa: S608 - a contract's own SQL
    return {name: _Column(f"({sql})", types[name], nullable=True) for name, sql in read.computed.items()}


def _refusals(read: TableRead) -> AbstractContextManager[None]:
    return refusals(f"Table {read.table} cannot be read", hint=f"It is the subject of {read.source}.")


def _parameters(read: TableRead, window: Mapping[str, object]) -> Mapping[str, object] | None:
    return window if read.time else None


def _where(read: TableRead) -> str:
    """Return the WHERE clause for the rows inside the window; for an hourly table, of all hours that it touches."""
    if not read.time:
        return ""
    start = "date_trunc('hour', {from_ts:timestamptz})" if read.hourly else "{from_ts:timestamptz}"
    return f" WHERE {quoted(read.time)} >= {start} AND {quoted(read.time)} < {{to_ts:timestamptz}}"


def _as_read(column: _Column) -> str:
    return column.sql if _READ_AS_IS.match(column.type) else f"{column.sql}::text"


def _not_finite(column: _Column) -> str:
    """Return a SQL condition that a value is, or contains, NaN or infinity; '' for a type that cannot."""
    wrong = "('NaN', 'Infinity', '-Infinity')"
    if _FLOAT.fullmatch(column.type):
        return f"coalesce({column.sql}::text IN {wrong}, false)"
    if _FLOATS.fullmatch(column.type):
        return f"coalesce({column.sql}::text[] && ARRAY['NaN', 'Infinity', '-Infinity'], false)"
    return ""


def _reading(found: Sequence[Sequence[Any]], query: _Query, start: int) -> Reading:
    import pandas as pd

    index = range(start, start + len(found))
    values = list(zip(*found, strict=True)) or [()] * (len(query.columns) + len(query.masked))
    data = {
        name: _series(column, kind, index) for (name, kind), column in zip(query.columns.items(), values, strict=False)
    }
    frame = pd.DataFrame(data, index=index, columns=list(query.columns))
    masks = zip(query.masked, values[len(query.columns) :], strict=True)
    marked = {name: pd.Series(mask, index=index, dtype="bool") for name, mask in masks}
    return Reading(frame, {name: mask for name, mask in marked.items() if mask.any()})


def _series(values: Sequence[Any], column: _Column, index: range) -> pd.Series[Any]:
    import pandas as pd

    if _TIME.fullmatch(column.type):
        naive = [value.replace(tzinfo=None) if value is not None else None for value in values]
        return pd.Series(naive, index=index, dtype="datetime64[us]")
    dtype = _TYPES.get(column.type, ("object", "object"))[column.nullable]
    return pd.Series(list(values), index=index, dtype=dtype)
