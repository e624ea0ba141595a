"""Write the rows of a query to a Parquet file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from streamproof.warehouse.postgres.client import Client, quoted, refusals
from streamproof.warehouse.postgres.objects import described

# The number of rows in a row group, which limits the memory that writing and reading need.
GROUP_ROWS = 50_000
_DECIMAL = re.compile(r"numeric\((?P<precision>\d+),(?P<scale>\d+)\)")
_MOST_DIGITS = 38
_TEXTS = re.compile(r"text|name|character( varying)?(\(\d+\))?")


def save_rows(client: Client, sql: str, file: Path, *, source: str) -> None:
    """Write the rows of a query to `file`, which appears only when it is complete.

    Raises WarehouseError when the server refuses the query or breaks off; OSError when the file cannot be written.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f".{file.name}")
    refused = refusals(source, hint="Run the query by hand.")
    try:
        with client.reading() as session, session.cursor("saved") as cursor:
            with refused:
                types = described(session, sql)
                statement: Any = _statement(sql, types)
                cursor.execute(statement)
            schema = pa.schema([(name, arrow_type(kind)) for name, kind in types.items()])
            with pq.ParquetWriter(partial, schema) as writer:
                while batch := _next(cursor, source):
                    writer.write_table(_table(batch, schema))
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)


def _table(batch: list[Any], schema: pa.Schema) -> pa.Table:
    columns = zip(zip(*batch, strict=True), schema.types, strict=True)
    return pa.table([pa.array(values, kind) for values, kind in columns], schema=schema)


def _next(cursor: Any, source: str) -> list[Any]:
    # An error of the network is one of the warehouse, an error of the disk is not.
    with refusals(source, hint="Run the query by hand."):
        return list(cursor.fetchmany(GROUP_ROWS))


def _statement(sql: str, types: Mapping[str, str]) -> str:
    """Return the query with the columns that have no type of their own in the file as texts."""
    columns = [
        quoted(name)
        if arrow_type(kind) != _text() or _TEXTS.fullmatch(kind)
        else f"{quoted(name)}::text AS {quoted(name)}"
        for name, kind in types.items()
    ]
    return f"SELECT {', '.join(columns)} FROM (\n{sql}\n) AS saved"  # noqa: S608 - the pack's own SQL


def _text() -> pa.DataType:

    return pa.string()


def arrow_type(kind: str) -> pa.DataType:
    """Return the type in the file of a column of PostgreSQL. A type without one is text."""
    plain = {
        "smallint": pa.int16(),
        "integer": pa.int32(),
        "bigint": pa.int64(),
        "real": pa.float32(),
        "double precision": pa.float64(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "bytea": pa.binary(),
    }
    if kind in plain:
        return plain[kind]
    if kind.startswith("timestamp"):
        return pa.timestamp("us", tz="UTC" if kind.endswith("with time zone") else None)
    number = _DECIMAL.fullmatch(kind)
    if number and int(number["precision"]) <= _MOST_DIGITS:
        return pa.decimal128(int(number["precision"]), int(number["scale"]))
    return pa.string()
