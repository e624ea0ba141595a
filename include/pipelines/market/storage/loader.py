"""The loader: rows of any table by COPY into a temporary table, and from there by one upsert that changes what differs.

It knows the tables by their descriptions only, so that another API needs no change here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from operator import itemgetter

import psycopg
from psycopg import sql

from pipelines.market.stages.rules import Row
from pipelines.market.storage.database import identifiers
from pipelines.market.storage.tables import Table

_STAGE = "staged_rows"
_TYPES = {"int8": "int8", "price": "int8", "text": "text"}


class TimescaleLoader:
    """Loads rows within the transaction of its connection; the caller opens and commits it."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    @contextmanager
    def staging(self, table: Table) -> Iterator[Staging]:
        """Take rows into a temporary table, which the end of the transaction drops."""
        columns = [
            sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(_TYPES[kind])) for name, kind in table.columns.items()
        ]
        self._connection.execute(
            sql.SQL("CREATE TEMPORARY TABLE {} ({}) ON COMMIT DROP").format(
                sql.Identifier(_STAGE), sql.SQL(", ").join(columns)
            )
        )
        statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
            sql.Identifier(_STAGE), identifiers(list(table.columns))
        )
        with self._connection.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types([_TYPES[kind] for kind in table.columns.values()])
            yield Staging(copy, table)

    def upsert(self, table: Table) -> int:
        """Store what was staged and return the number of rows that are new or differ from what was stored."""
        self._make_days(table)
        return self._connection.execute(_upsert(table)).rowcount

    def _make_days(self, table: Table) -> None:
        self._connection.execute(
            sql.SQL(
                "SELECT ensure_day({}::regclass, day) FROM "
                "(SELECT DISTINCT (({}) AT TIME ZONE 'UTC')::date AS day FROM {}) AS days ORDER BY day"
            ).format(sql.Literal(table.name), _time(table), sql.Identifier(_STAGE))
        )

    def instrument_classes(self, dataset: str, until: dt.datetime) -> dict[int, str]:
        """Return the class of each instrument of a data set, as the last definition before a time has it."""
        rows = self._connection.execute(
            "SELECT DISTINCT ON (instrument_id) instrument_id, instrument_class FROM definitions_data "
            "WHERE dataset = %s AND ts_recv < %s ORDER BY instrument_id, ts_recv DESC, ts_recv_ns DESC, ordinal DESC",
            (dataset, until),
        )
        return dict(rows.fetchall())


class Staging:
    """Takes rows, and counts them."""

    def __init__(self, copy: psycopg.Copy, table: Table) -> None:
        self._copy = copy
        self._values = itemgetter(*table.columns)
        self.rows = 0

    def add(self, row: Row) -> None:
        """Add a row."""
        self._copy.write_row(self._values(row))
        self.rows += 1


def _time(table: Table) -> sql.Composable:
    """Return the timestamptz of a row: microseconds, by integers only."""
    return sql.SQL("timestamptz 'epoch' + {} / 1000 * interval '1 microsecond'").format(
        sql.Identifier(f"{table.time}_ns")
    )


def _upsert(table: Table) -> sql.Composed:
    columns = list(table.columns)
    values = [
        sql.SQL("{} * 0.000000001").format(sql.Identifier(name)) if name in table.fixed else sql.Identifier(name)
        for name in columns
    ]
    changing = [name for name in columns if name not in table.key]
    return sql.SQL(
        "INSERT INTO {table} AS stored ({time}, {columns}) SELECT {computed}, {values} FROM {stage} "
        "ON CONFLICT ({key}) DO UPDATE SET ({changing}) = ROW({excluded}) "
        "WHERE ({stored}) IS DISTINCT FROM ({excluded})"
    ).format(
        table=sql.Identifier(table.name),
        time=sql.Identifier(table.time),
        columns=identifiers(columns),
        computed=_time(table),
        values=sql.SQL(", ").join(values),
        stage=sql.Identifier(_STAGE),
        key=identifiers(list(table.key)),
        changing=identifiers(changing),
        excluded=identifiers(changing, "excluded"),
        stored=identifiers(changing, "stored"),
    )
