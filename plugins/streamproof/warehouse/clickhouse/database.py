"""The adapter: one ClickHouse database behind the warehouse port."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import orjson

from streamproof.model.fixture import Expectation, FixtureEvent
from streamproof.model.settings import WarehouseSettings
from streamproof.warehouse.base import IdOf, RecordPositions
from streamproof.warehouse.clickhouse import drain, ledger
from streamproof.warehouse.clickhouse.binding import bindable
from streamproof.warehouse.clickhouse.client import connect, execute, execute_script, refusals
from streamproof.warehouse.clickhouse.comparing import comparison as comparing
from streamproof.warehouse.clickhouse.comparing.expected_rows import store_expected
from streamproof.warehouse.clickhouse.content.saving import save_rows
from streamproof.warehouse.clickhouse.feed import assigned_partitions, complaint, schema_variables
from streamproof.warehouse.clickhouse.frames import read_batches, read_table
from streamproof.warehouse.clickhouse.migrations import apply_migrations
from streamproof.warehouse.clickhouse.objects import objects_read, shapes_of
from streamproof.warehouse.clickhouse.reading import needs_of, reading_settings
from streamproof.warehouse.clickhouse.schema import check_schema
from streamproof.warehouse.clickhouse.servers.preflight import connect_outside
from streamproof.warehouse.clickhouse.shared import show_correlated
from streamproof.warehouse.clickhouse.streaming import stream_rows
from streamproof.warehouse.clickhouse.view_cache import WORKERS, ViewCache, shared_by, views_of
from streamproof.warehouse.clones import Clone
from streamproof.warehouse.values import (
    Answer,
    Comparison,
    Feed,
    Reading,
    RecordTable,
    RowStream,
    SchemaFinding,
    Shape,
    TableRead,
    TableState,
)

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

# The number of rows in one insert.
BATCH_ROWS = 50_000


class Database:
    """One database on a ClickHouse server. Threads may share it."""

    def __init__(self, client: Client, settings: WarehouseSettings) -> None:
        """Use a client that was opened with these settings."""
        self.client = client
        self.settings = settings
        self.views = ViewCache(client)

    @classmethod
    def open(cls, settings: WarehouseSettings, *, source: str = "") -> Database:
        """Connect to the database of the settings. Raises WarehouseError."""
        return cls(connect_outside(settings, source=source) if source else connect(settings), settings)

    @property
    def database(self) -> str:
        """Return the name of the database."""
        return str(self.client.database)

    @property
    def version(self) -> str:
        """Return the version of the server."""
        return str(self.client.server_version)

    def close(self) -> None:
        """Close the connection."""
        self.client.close()

    def query(
        self,
        sql: str,
        parameters: Mapping[str, object] | None = None,
        *,
        types: Iterable[tuple[str, str]] = (),
        source: str = "",
    ) -> Answer:
        """Run a read-only query; it reads the cached rows of a cached view. Raises WarehouseError."""
        doing = source or "ClickHouse refused a query"
        hint = "Run the query by hand." if source else f"The query begins: {' '.join(sql.split())[:120]}"
        with refusals(doing, hint=hint):
            result = self.client.query(sql, parameters=bindable(parameters, types), settings=self.settings_for(sql))
            return Answer(tuple(result.column_names), result.result_rows)

    def stream(
        self, sql: str, parameters: Mapping[str, object] | None = None, *, source: str = ""
    ) -> AbstractContextManager[RowStream]:
        """Run a read-only query and read its rows one by one. Raises WarehouseError."""
        return stream_rows(self.client, sql, bindable(parameters), settings=self.settings_for(sql), source=source)

    def save_rows(self, sql: str, file: Path, *, source: str) -> None:
        """Write the rows of a query to a Parquet file; it reads the cached rows of a cached view.

        Raises WarehouseError, and OSError when the file cannot be written.
        """
        save_rows(self.client, sql, file, settings=self.settings_for(sql), source=source)

    def settings_for(self, sql: str) -> dict[str, object]:
        """Return the settings to send with a read-only query, among them its default database."""
        cache = self.views.database_for(sql)
        return {**reading_settings(self.client), **({"database": cache} if cache else {})}

    def needs_of(self, sql: str) -> str:
        """Return the setting that the query needs and this user may not change, '' when nothing is missing."""
        return needs_of(self.client, sql)

    def objects_read(self, text: str, names: Collection[str]) -> frozenset[str] | None:
        """Return the objects among `names` that the SQL text reads; None if that is unknown."""
        return objects_read(text, names)

    def shapes(self, objects: Collection[str]) -> dict[str, Shape]:
        """Return the shape of each of these objects that exists. Raises WarehouseError."""
        return shapes_of(self.client, objects)

    def read_table(self, read: TableRead, window: Mapping[str, object]) -> Reading:
        """Read a table's rows into a DataFrame. Raises WarehouseError."""
        return read_table(self, read, window)

    def read_batches(self, read: TableRead, window: Mapping[str, object], *, rows: int) -> Iterator[Reading]:
        """Read a table's rows into DataFrames of at most `rows` rows. Raises WarehouseError."""
        return read_batches(self, read, window, rows)

    def compare(self, comparison: Comparison, *, detail: bool) -> dict[str, Any]:
        """Compare an object with its expected rows. Raises WarehouseError."""
        sql = comparing.comparison_sql(comparison, self.compared_columns(comparison), detail=detail)
        return self.query(sql).named()[0]

    def compared_columns(self, comparison: Comparison) -> dict[str, str]:
        """Return the type of each compared column as it is read. Raises WarehouseError."""
        columns = comparison.columns
        if not comparison.seen_sql:
            return dict(columns)
        sql = f"DESCRIBE TABLE ({comparison.seen_sql})"
        described = {row["name"]: row["type"] for row in self.query(sql).named()}
        return {name: described.get(name, kind) for name, kind in columns.items()}

    def cache_views(self, texts: Iterable[str]) -> dict[str, str]:
        """Cache each view that two or more of these texts read; return the errors. Raises WarehouseError."""
        return self.views.take(shared_by(texts, self.view_queries()), workers=WORKERS)

    def cached_views(self) -> frozenset[str]:
        """Return the names of the cached views."""
        return self.views.names

    def view_queries(self) -> dict[str, str]:
        """Return the query of every view by name. Raises WarehouseError."""
        return views_of(self.client)

    def drop_view_cache(self) -> None:
        """Drop every cached view. Raises WarehouseError."""
        self.views.drop()

    def use_view_cache(self) -> None:
        """Use the view cache that another process has made. Raises WarehouseError."""
        self.views = ViewCache.found(self.client)

    def execute(self, sql: str, parameters: Mapping[str, object] | None = None) -> None:
        """Run a statement that returns nothing, and wait until its effect is visible. Raises WarehouseError."""
        execute(self.client, sql, parameters)

    def script(self, text: str, source: str) -> list[str]:
        """Run statements separated by semicolons. Raises SqlSourceError, WarehouseError."""
        return execute_script(self.client, text, source)

    def insert(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]], *, what: str) -> int:
        """Insert rows of JSON values and return their number. Raises WarehouseError."""
        return insert(self.client, table, columns, rows, what=what)

    def store_expected(
        self,
        rows: Iterable[tuple[str, Mapping[str, Any]]],
        columns: Mapping[str, Mapping[str, str]],
        *,
        added: bool = False,
    ) -> dict[str, int]:
        """Store an oracle's rows for the comparison. Raises UsageError, WarehouseError."""
        return store_expected(self.client, rows, columns, added=added)

    def apply_schema(self, folder: Path, *, feed: Feed | None, retention: bool) -> tuple[list[str], int]:
        """Apply the migrations that the database does not have yet. Raises SqlSourceError, WarehouseError."""
        applied = apply_migrations(self.client, folder, schema_variables(feed, retention=retention))
        names = [f"{migration.number:04d}_{migration.name}" for migration in applied]
        return names, sum(migration.statements for migration in applied)

    def show_correlated(self, database: str, tables: Collection[str], columns: Mapping[str, str], prefix: str) -> None:
        """Create views of another database that show only the rows of this run. Raises WarehouseError."""
        show_correlated(self.client, database, tables, columns, prefix)

    def check_schema(self, expected: Path, folder: Path, *, may_be_missing: Collection[str]) -> SchemaFinding:
        """Compare the database with what the pack expects. Raises UsageError, WarehouseError."""
        return check_schema(self.client, expected, folder, user=self.settings.user, may_be_missing=may_be_missing)

    def assigned_partitions(self, topic: str) -> set[int]:
        """Return the partitions of a topic that are assigned to the Kafka engine. Raises WarehouseError."""
        return assigned_partitions(self.client, topic)

    def consumer_complaint(self) -> str:
        """Return the last error of the Kafka engine, '' when it had none. Raises WarehouseError."""
        return complaint(self.client)

    def write_ledger(
        self,
        positions: RecordPositions,
        records: Iterable[tuple[FixtureEvent, bytes | None]],
        unstated: Expectation,
        id_of: IdOf,
    ) -> int:
        """Store a ledger row for each published record and return their number. Raises WarehouseError."""
        return ledger.write_ledger(self.client, positions, records, unstated, id_of)

    def store_reject_ids(self, place: str, ids: Iterable[tuple[int, int, str]]) -> int:
        """Store the ids in a topic of rejected records and return their number. Raises WarehouseError."""
        self.execute("DELETE FROM reject_topic_ids WHERE place = {place:String}", {"place": place})
        columns = ("place", "source_partition", "source_offset", "id")
        rows = ((place, *found) for found in ids)
        return self.insert("reject_topic_ids", columns, rows, what=f"The ids of {place} could not be stored")

    def ledger_positions(self) -> Iterable[tuple[str, int, int]]:
        """Return (topic, partition, offset) of every published record, in that order. Raises WarehouseError."""
        return ledger.read_positions(self.client)

    @property
    def value_kinds_read(self) -> tuple[str, ...]:
        """Return the kinds of Kafka values of which the Kafka engine makes rows."""
        return drain.RAW_VALUE_KINDS

    def unaccounted(self, table: RecordTable, topic: str, kinds: Sequence[str]) -> tuple[int, int]:
        """Return (published records with a row in the table, published records). Raises WarehouseError."""
        return drain.unaccounted(self.client, table, topic, kinds)

    def row_count(self, table: RecordTable, topic: str) -> int:
        """Return how many rows of a table come from a topic. Raises WarehouseError."""
        return drain.row_count(self.client, table, topic)

    def row_counts(self, tables: Sequence[str]) -> dict[str, int]:
        """Return the number of rows of each table. Raises WarehouseError."""
        return drain.row_counts(self.client, tables)

    def table_states(self, tables: Sequence[str]) -> dict[str, TableState]:
        """Return the rows and active parts of each table. Raises WarehouseError."""
        return drain.table_states(self.client, tables)

    def inserts_running(self) -> int:
        """Return how many inserts into the database are running or waiting. Raises WarehouseError."""
        return drain.inserts_running(self.client)

    def records_at(self, table: RecordTable, topic: str, positions: Sequence[tuple[int, int]]) -> list[dict[str, Any]]:
        """Return the rows of the given (partition, offset) pairs of a topic. Raises WarehouseError."""
        return drain.records_at(self.client, table, topic, positions)

    def emptying(self, name: str, *, is_view: bool) -> tuple[str, ...]:
        """Return the statements that remove every row of an object."""
        if not is_view:
            return (f"TRUNCATE TABLE {name}",)
        empty = f"empty__{name}"
        return (
            f"CREATE TABLE {empty} AS {name} ENGINE = MergeTree ORDER BY ()",
            f"DROP VIEW {name}",
            f"RENAME TABLE {empty} TO {name}",
        )

    def clone(self, name: str, schema: Path) -> Clone:
        """Clone the database as `name`. Raises WarehouseError."""
        from streamproof.warehouse.clickhouse.cloning.clone import ClonedDatabase  # noqa: PLC0415 - that module imports this one

        return ClonedDatabase.of(self.settings, name, schema)


def insert(client: Client, table: str, columns: Sequence[str], found: Iterable[Sequence[object]], *, what: str) -> int:
    """Insert rows of JSON values in batches and return their number. Raises WarehouseError."""
    number = 0
    with refusals(what, hint="Look at ClickHouse's log in stack/logs."):
        remaining = iter(found)
        while batch := list(islice(remaining, BATCH_ROWS)):
            body = b"\n".join(map(orjson.dumps, batch))
            # A table with deduplication would drop a batch that is equal to an earlier one.
            every_row = {"insert_deduplication_token": uuid4().hex}
            client.raw_insert(
                table, column_names=columns, insert_block=body, fmt="JSONCompactEachRow", settings=every_row
            )
            number += len(batch)
    return number
