"""Store the rows that a pack's oracle expects, so that a query can compare them with the rows of the pipeline."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
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
    """A table of expected rows, filled in batches."""

    def __init__(self, client: Client, name: str, columns: Mapping[str, str], *, is_new: bool) -> None:
        self._client = client
        self._name = name
        self._columns = columns
        self._lines: list[bytes] = []
        self._bytes = 0
        if is_new:
            self._create()

    def _create(self) -> None:
        columns, client = self._columns, self._client
        definition = ", ".join(f"{quoted(column)} {comparable_type(kind)}" for column, kind in columns.items())
        table = quoted(EXPECTED + self._name)
        execute(client, f"DROP TABLE IF EXISTS {table} SYNC")
        execute(client, f"CREATE TABLE {table} ({definition}) ENGINE = MergeTree ORDER BY ()")

    def add(self, row: Row) -> None:
        """Add a row. Raises UsageError when its columns are not exactly those of the table."""
        if row.keys() != self._columns.keys():
            missing = ", ".join(sorted(self._columns.keys() - row.keys())) or "nothing"
            unknown = ", ".join(sorted(row.keys() - self._columns.keys())) or "nothing"
            raise UsageError(
                f"The oracle's row of {self._name} has no {missing}, and has unknown columns {unknown}.",
                hint="It must have every column of the table that is not exempt: see docs/write-a-pack.md, 'Oracle'.",
            )
        line = _line([row[name] for name in self._columns])
        self._lines.append(line)
        self._bytes += len(line)
        if self._bytes >= BATCH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Insert the rows that were added since the last flush. Raises WarehouseError."""
        if not self._lines:
            return
        settings = {"date_time_input_format": "best_effort", "input_format_null_as_default": 0}
        with refusals(f"The expected rows of {self._name} could not be stored", hint="The pack's oracle made them."):
            self._client.raw_insert(
                quoted(EXPECTED + self._name),
                insert_block=b"\n".join(self._lines),
                column_names=list(self._columns),
                fmt="JSONCompactEachRow",
                settings=settings,
            )
        self._lines.clear()
        self._bytes = 0


def _line(values: Sequence[Any]) -> bytes:
    """Return a row's values as one line of JSON. A value of bytes is a text that is not UTF-8; its bytes are kept."""
    try:
        return orjson.dumps(values)
    except TypeError:
        return b"[" + b",".join(map(_value, values)) + b"]"


def _value(value: Any) -> bytes:
    if not isinstance(value, bytes):
        return orjson.dumps(value)
    escaped = value.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    return b'"' + _CONTROL.sub(lambda found: b"\\u%04x" % found[0][0], escaped) + b'"'


def store_expected(
    client: Client,
    rows: Iterable[tuple[str, Row]],
    columns: Mapping[str, Mapping[str, str]],
    *,
    added: bool = False,
) -> dict[str, int]:
    """Store an oracle's rows, given as (object, row), in a table for each object; return their number by object.

    `columns` holds the types of the compared columns by object. An object without an expected row gets an empty table.
    With `added`, the tables exist, and the rows are added to theirs. Rows of other objects are ignored, because nothing
    compares them. Raises UsageError for a row that does not fit its table, and WarehouseError.
    """
    tables = {name: _Table(client, name, types, is_new=not added) for name, types in columns.items()}
    numbers = dict.fromkeys(tables, 0)
    for name, row in rows:
        if table := tables.get(name):
            table.add(row)
            numbers[name] += 1
    for table in tables.values():
        table.flush()
    return numbers
