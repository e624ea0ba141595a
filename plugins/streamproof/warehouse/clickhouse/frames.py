"""Read a contract's table into a DataFrame, and mark the values that are NaN or infinite.

A DataFrame cannot tell NULL from NaN. A contract may allow NULL, but never NaN. So the query itself returns, for each
row, which values are NaN or infinite.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, NamedTuple

from streamproof.model.errors import WarehouseError
from streamproof.warehouse.clickhouse.binding import bindable
from streamproof.warehouse.clickhouse.client import refusals
from streamproof.warehouse.clickhouse.comparing.comparison import quoted
from streamproof.warehouse.values import Reading, TableRead

if TYPE_CHECKING:
    import pandas as pd

    from streamproof.warehouse.clickhouse.database import Database

_STORED_COLUMNS = """
SELECT name, type
FROM system.columns
WHERE database = currentDatabase() AND table = {name:String}
    AND default_kind NOT IN ('MATERIALIZED', 'ALIAS', 'EPHEMERAL')
ORDER BY position
"""
_FROM = "{from_ts:DateTime64(3, 'UTC')}"
_TO = "{to_ts:DateTime64(3, 'UTC')}"
_MASK = "streamproof: not finite: "

_FLOAT = re.compile(r"(?:SimpleAggregateFunction\(\w+, )?(?:LowCardinality\()?(?:Nullable\()?(?:Float\d+|BFloat16)\)*")
_FLOATS = re.compile(r"Array\((?:LowCardinality\()?(?:Nullable\()?(?:Float\d+|BFloat16)\)*")
_FLOATS_BY_KEY = re.compile(r"Map\(.*, (?:Nullable\()?(?:Float\d+|BFloat16)\)*")
_MIXED = {"Variant(": "variantType", "Dynamic": "dynamicType"}
# Great Expectations can neither compare values of these types nor write them to its result. They become text.
_READ_AS_TEXT = re.compile(r"(?:LowCardinality\()?(?:Nullable\()?(?:IPv4|IPv6|UUID|FixedString\(\d+\))\)*")


def read_table(database: Database, read: TableRead, window: Mapping[str, object]) -> Reading:
    """Read the stored columns of a table, except those left out, then the computed columns.

    `window` holds `from_ts` and `to_ts` when the contract has a time column. Times are UTC without a zone. IP
    addresses, UUIDs and fixed strings become text. Materialized columns are not read. Raises WarehouseError.
    """
    query = _query(database, read)
    with _refusals(read):
        frame = database.client.query_df(
            query.statement, parameters=_parameters(read, window), settings=database.settings_for(query.statement)
        )
    return _reading(frame, query)


def read_batches(database: Database, read: TableRead, window: Mapping[str, object], rows: int) -> Iterator[Reading]:
    """Read a table as `read_table` does, and yield its rows in batches of this number; the last one may be smaller.

    The index of the frames counts through all batches. Only a batch is in memory. Raises WarehouseError.
    """
    query, start = _query(database, read), 0
    with _refusals(read):
        blocks = database.client.query_df_stream(
            query.statement, parameters=_parameters(read, window), settings=database.settings_for(query.statement)
        )
    with blocks:
        for frame in _of_size(_refused(read, blocks), rows):
            yield _reading(frame.set_axis(range(start, start + len(frame))), query)
            start += len(frame)


class _Query(NamedTuple):
    """The statement that reads a table, and the columns of its result: those with a mask, and the types of all."""

    statement: str
    columns: list[str]
    masked: list[str]
    types: Mapping[str, str]


def _query(database: Database, read: TableRead) -> _Query:
    table = read.table
    found = database.query(_STORED_COLUMNS, {"name": table}, source=f"Table {table} cannot be read").rows
    types = {str(name): str(kind) for name, kind in found if name not in read.leave_out}
    if not types:
        raise WarehouseError(f"There is no table {table}.", hint=f"Apply the schema, or correct {read.source}.")
    columns = {name: quoted(name) for name in types} | {name: f"({sql})" for name, sql in read.computed.items()}
    with _refusals(read):
        types |= _computed_types(database, read)
    if read.only:
        columns = {name: sql for name, sql in columns.items() if name in read.only} or dict(
            [next(iter(columns.items()))]
        )
    masks = {name: mask for name, sql in columns.items() if (mask := _not_finite(sql, types[name]))}
    selected = [f"{sql} AS {quoted(name)}" if sql != quoted(name) else sql for name, sql in columns.items()]
    selected += [f"{mask} AS {quoted(_MASK + name)}" for name, mask in masks.items()]
    limit = f" LIMIT {read.limit}" if read.limit else ""
    statement = f"SELECT {', '.join(selected)} FROM {quoted(table)}{_where(read)}{limit}"  # noqa: S608 - see above
    return _Query(statement, list(columns), list(masks), types)


def _refusals(read: TableRead) -> AbstractContextManager[None]:
    return refusals(f"Table {read.table} cannot be read", hint=f"It is the subject of {read.source}.")


def _parameters(read: TableRead, window: Mapping[str, object]) -> dict[str, object] | None:
    return bindable(window if read.time else None)


def _refused(read: TableRead, blocks: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """Yield the blocks of a result. Raises WarehouseError when the server ends it with an error."""
    remaining = iter(blocks)
    while True:
        with _refusals(read):
            block = next(remaining, None)
        if block is None:
            return
        yield block


def _of_size(blocks: Iterable[pd.DataFrame], rows: int) -> Iterator[pd.DataFrame]:
    """Yield frames of this number of rows from blocks of any number; the last one may be smaller."""
    import pandas as pd

    waiting: list[pd.DataFrame] = []
    number = 0
    for block in blocks:
        waiting.append(block)
        number += len(block)
        if number >= rows:
            frame = pd.concat(waiting, ignore_index=True)
            for start in range(0, number - rows + 1, rows):
                yield frame.iloc[start : start + rows].copy()
            waiting = [frame.iloc[number - number % rows :]]
            number %= rows
    if number:
        yield pd.concat(waiting, ignore_index=True)


def _computed_types(database: Database, read: TableRead) -> dict[str, str]:
    """Return the types of the computed columns by name."""
    if not read.computed:
        return {}
    columns = ", ".join(f"({sql}) AS {quoted(name)}" for name, sql in read.computed.items())
    statement = f"DESCRIBE TABLE (SELECT {columns} FROM {quoted(read.table)})"  # noqa: S608 - a contract's own SQL
    described = database.query(statement, source=f"Table {read.table} cannot be read")
    return {str(row[0]): str(row[1]) for row in described.rows}


def _where(read: TableRead) -> str:
    """Return the WHERE clause for the rows inside the window; for an hourly table, of all hours that it touches."""
    if not read.time:
        return ""
    start = f"toStartOfHour({_FROM})" if read.hourly else _FROM
    return f" WHERE {quoted(read.time)} >= {start} AND {quoted(read.time)} < {_TO}"


def _not_finite(sql: str, kind: str) -> str:
    """Return a SQL condition that a value is, or contains, NaN or infinity; '' for a type that cannot."""
    if _FLOAT.fullmatch(kind):
        return f"ifNull(NOT isFinite({sql}), 0)"
    if _FLOATS.fullmatch(kind):
        return f"arrayExists(element -> ifNull(NOT isFinite(element), 0), {sql})"
    if _FLOATS_BY_KEY.fullmatch(kind):
        return f"arrayExists(element -> ifNull(NOT isFinite(element), 0), mapValues({sql}))"
    for prefix, type_of in _MIXED.items():
        if kind.startswith(prefix):
            return (
                f"ifNull(startsWith(toString({type_of}({sql})), 'Float')"
                f" AND toString({sql}) IN ('nan', '-nan', 'inf', '-inf'), 0)"
            )
    return ""


def _reading(found: pd.DataFrame, query: _Query) -> Reading:
    import pandas as pd

    if found.empty:
        # For an empty result, the driver returns a frame without columns.
        return Reading(pd.DataFrame(columns=query.columns), {})
    masks = {name: found[f"{_MASK}{name}"].astype(bool) for name in query.masked}
    frame = found[query.columns].copy()
    for name, kind in frame.dtypes.items():
        if isinstance(kind, pd.DatetimeTZDtype):
            frame[name] = frame[name].dt.tz_convert("UTC").dt.tz_localize(None)
        elif _READ_AS_TEXT.fullmatch(query.types[str(name)]):
            frame[name] = frame[name].map(_as_text)
    return Reading(frame, {name: mask for name, mask in masks.items() if mask.any()})


def _as_text(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace").rstrip("\0")
    return None if value is None else str(value)
