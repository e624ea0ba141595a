"""The rows that a pack's oracle foretells, as tables beside those that they are compared with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from streamproof.model.errors import UsageError
from streamproof.warehouse.clickhouse.client import execute, refusals
from streamproof.warehouse.clickhouse.comparing.comparison import EXPECTED, comparable_type, quoted

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_CONTROL = re.compile(rb"[\x00-\x1f]")
BATCH_BYTES = 8_000_000

Row = Mapping[str, Any]


class _Table:
    """Rows of one table on their way into the warehouse."""

    def __init__(self, client: Client, name: str, columns: Mapping[str, str]) -> None:
        self._client = client
        self._name = name
        self._columns = columns
        self._lines: list[bytes] = []
        self._bytes = 0
        definition = ", ".join(f"{quoted(column)} {comparable_type(kind)}" for column, kind in columns.items())
        table = quoted(EXPECTED + name)
        execute(client, f"DROP TABLE IF EXISTS {table} SYNC")
        execute(client, f"CREATE TABLE {table} ({definition}) ENGINE = MergeTree ORDER BY ()")

    def add(self, row: Row) -> None:
        """Take up a row. Raises UsageError when it has not exactly the columns of its table."""
        if row.keys() != self._columns.keys():
            lacking = ", ".join(sorted(self._columns.keys() - row.keys())) or "nothing"
            strange = ", ".join(sorted(row.keys() - self._columns.keys())) or "nothing"
            raise UsageError(
                f"The oracle's row of {self._name} lacks {lacking} and has {strange} too much.",
                hint="It must have every column of the table that is not exempt: see docs/write-a-pack.md, 'Oracle'.",
            )
        line = _line(row)
        self._lines.append(line)
        self._bytes += len(line)
        if self._bytes >= BATCH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Insert what has been taken up. Raises WarehouseError."""
        if not self._lines:
            return
        settings = {"date_time_input_format": "best_effort", "input_format_null_as_default": 0}
        with refusals(f"The expected rows of {self._name} could not be stored", hint="The pack's oracle made them."):
            self._client.raw_insert(
                quoted(EXPECTED + self._name),
                insert_block=b"\n".join(self._lines),
                fmt="JSONEachRow",
                settings=settings,
            )
        self._lines.clear()
        self._bytes = 0


def _line(row: Row) -> bytes:
    """Return a row as one line of JSON. A text that is no UTF-8 is given as bytes, and goes out byte for byte."""
    odd = {name: value for name, value in row.items() if isinstance(value, bytes)}
    if not odd:
        return orjson.dumps(row)
    members = [orjson.dumps(name) + b":" + _value(value) for name, value in row.items()]
    return b"{" + b",".join(members) + b"}"


def _value(value: Any) -> bytes:
    if not isinstance(value, bytes):
        return orjson.dumps(value)
    escaped = value.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    return b'"' + _CONTROL.sub(lambda found: b"\\u%04x" % found[0][0], escaped) + b'"'


def store_expected(
    client: Client, rows: Iterable[tuple[str, Row]], columns: Mapping[str, Mapping[str, str]]
) -> dict[str, int]:
    """Store an oracle's rows in tables of their own; return their number by the object that they are expected in.

    `columns` are the types of the compared columns by object; an object without an expected row gets an empty table.
    Rows of other objects are passed over: nobody compares them. Raises UsageError for a row that does not fit its
    table, WarehouseError.
    """
    tables = {name: _Table(client, name, types) for name, types in columns.items()}
    numbers = dict.fromkeys(tables, 0)
    for name, row in rows:
        if table := tables.get(name):
            table.add(row)
            numbers[name] += 1
    for table in tables.values():
        table.flush()
    return numbers
