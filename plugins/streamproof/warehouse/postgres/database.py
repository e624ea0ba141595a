"""The adapter: one PostgreSQL database behind the warehouse port."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from streamproof.model.fixture import Expectation, FixtureEvent
from streamproof.model.settings import WarehouseSettings
from streamproof.warehouse.base import IdOf, RecordPositions
from streamproof.warehouse.clones import Clone
from streamproof.warehouse.postgres import drain, frames, ledger
from streamproof.warehouse.postgres.binding import bound
from streamproof.warehouse.postgres.client import Client, beginning, execute, execute_script, quoted, refusals, run
from streamproof.warehouse.postgres.comparing import comparison as comparing
from streamproof.warehouse.postgres.comparing.expected_rows import store_expected
from streamproof.warehouse.postgres.content.saving import save_rows
from streamproof.warehouse.postgres.inserting import copy_rows, insert
from streamproof.warehouse.postgres.migrations import apply_migrations, schema_variables
from streamproof.warehouse.postgres.objects import described, objects_read, shapes_of
from streamproof.warehouse.postgres.schema import check_schema
from streamproof.warehouse.postgres.shared import refuse_correlated
from streamproof.warehouse.postgres.streaming import stream_rows
from streamproof.warehouse.values import (
    ALL_VALUE_KINDS,
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


class Database:
    """One database on a PostgreSQL server. Threads may share it. Its objects are in schema `public`."""

    def __init__(self, client: Client) -> None:
        """Use a client that was opened on the database."""
        self.client = client

    @classmethod
    def open(cls, settings: WarehouseSettings, *, source: str = "") -> Database:
        """Connect to the database of the settings. Raises WarehouseError."""
        return cls(Client(settings, source=source))

    @property
    def database(self) -> str:
        """Return the name of the database."""
        return self.client.database

    @property
    def databases(self) -> tuple[str, ...]:
        """Return the names of the databases whose expected rows this one holds."""
        return (self.database,)

    @property
    def version(self) -> str:
        """Return the version of the server."""
        return self.client.version

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
        """Run a read-only query. Raises WarehouseError."""
        doing = source or "PostgreSQL refused a query"
        hint = "Run the query by hand." if source else beginning("query", sql)
        with refusals(doing, hint=hint), self.client.reading() as session:
            text, values = bound(sql, parameters, types)
            cursor = session.execute(text, values)
            return Answer(tuple(column.name for column in cursor.description or ()), cursor.fetchall())

    def stream(
        self, sql: str, parameters: Mapping[str, object] | None = None, *, source: str = ""
    ) -> AbstractContextManager[RowStream]:
        """Run a read-only query and read its rows one by one. Raises WarehouseError."""
        return stream_rows(self.client, sql, parameters, source=source)

    def save_rows(self, sql: str, file: Path, *, source: str) -> None:
        """Write the rows of a query to a Parquet file. Raises WarehouseError, and OSError."""
        save_rows(self.client, sql, file, source=source)

    def needs_of(self, sql: str) -> str:  # noqa: ARG002 - the port's
        """Return '': every user may change the settings that a query needs."""
        return ""

    def objects_read(self, text: str, names: Collection[str]) -> frozenset[str] | None:
        """Return the objects among `names` that the SQL text reads; None if that is unknown."""
        return objects_read(text, names)

    def shapes(self, objects: Collection[str]) -> dict[str, Shape]:
        """Return the shape of each of these objects that exists. Raises WarehouseError."""
        return shapes_of(self.client, objects)

    def read_table(self, read: TableRead, window: Mapping[str, object]) -> Reading:
        """Read a table's rows into a DataFrame. Raises WarehouseError."""
        return frames.read_table(self.client, read, window)

    def read_batches(self, read: TableRead, window: Mapping[str, object], *, rows: int) -> Iterator[Reading]:
        """Read a table's rows into DataFrames of at most `rows` rows. Raises WarehouseError."""
        return frames.read_batches(self.client, read, window, rows)

    def compare(self, comparison: Comparison, *, detail: bool) -> dict[str, Any]:
        """Compare an object with its expected rows. Raises UsageError, WarehouseError."""
        columns = self.compared_columns(comparison)
        sql = comparing.comparison_sql(comparison, columns, databases=self.databases, detail=detail)
        return self.query(sql).named()[0]

    def compared_columns(self, comparison: Comparison) -> dict[str, str]:
        """Return the type of each compared column as it is read. Raises WarehouseError."""
        columns = comparison.columns
        if not comparison.seen_sql:
            return dict(columns)
        doing = f"The columns of {comparison.name} cannot be read"
        with refusals(doing, hint=beginning("query", comparison.seen_sql)), self.client.reading() as session:
            found = described(session, comparison.seen_sql)
        return {name: found.get(name, kind) for name, kind in columns.items()}

    def cache_views(self, texts: Iterable[str]) -> dict[str, str]:  # noqa: ARG002 - the port's
        """Cache nothing: PostgreSQL plans a view in a few milliseconds."""
        return {}

    def cached_views(self) -> frozenset[str]:
        """Return no name."""
        return frozenset()

    def drop_view_cache(self) -> None:
        """Do nothing: there is no cache."""

    def use_view_cache(self) -> None:
        """Do nothing: there is no cache."""

    def execute(self, sql: str, parameters: Mapping[str, object] | None = None) -> None:
        """Run a statement that returns nothing, in a transaction of its own. Raises WarehouseError."""
        execute(self.client, sql, parameters)

    def script(self, text: str, source: str) -> list[str]:
        """Run statements separated by semicolons, in one transaction. Raises SqlSourceError, WarehouseError."""
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

    def apply_schema(self, folder: Path, *, feed: Feed | None, retention: bool) -> tuple[list[str], int]:  # noqa: ARG002
        """Apply the migrations that the database does not have yet. PostgreSQL reads no topic, so no feed is used.

        Raises SqlSourceError, WarehouseError.
        """
        applied = apply_migrations(self.client, folder, schema_variables(self.client, retention=retention))
        names = [f"{migration.number:04d}_{migration.name}" for migration in applied]
        return names, sum(migration.statements for migration in applied)

    def show_correlated(self, database: str, tables: Collection[str], columns: Mapping[str, str], prefix: str) -> None:  # noqa: ARG002
        """Raise UsageError: a PostgreSQL database cannot read another."""
        refuse_correlated(database)

    def check_schema(self, expected: Path, folder: Path, *, may_be_missing: Collection[str]) -> SchemaFinding:
        """Compare the database with what the pack expects. Raises UsageError, WarehouseError."""
        return check_schema(self.client, expected, folder, may_be_missing=may_be_missing)

    def assigned_partitions(self, topic: str) -> set[int]:  # noqa: ARG002 - the port's
        """Return nothing: PostgreSQL reads no topic."""
        return set()

    def consumer_complaint(self) -> str:
        """Return '': PostgreSQL reads no topic."""
        return ""

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
        columns = ("place", "source_partition", "source_offset", "id")
        rows = ((place, *found) for found in ids)
        hint = "Look at PostgreSQL's log in stack/logs."
        with refusals(f"The ids of {place} could not be stored", hint=hint), self.client.writing() as session:
            run(session, "DELETE FROM reject_topic_ids WHERE place = {place:text}", {"place": place})
            return copy_rows(session, "reject_topic_ids", columns, rows, types=("text",) * len(columns))

    def ledger_positions(self) -> Iterable[tuple[str, int, int]]:
        """Return (topic, partition, offset) of every published record, in that order. Raises WarehouseError."""
        return ledger.read_positions(self.client)

    @property
    def value_kinds_read(self) -> tuple[str, ...]:
        """Return all kinds: the program that fills the raw table can store each of them."""
        return ALL_VALUE_KINDS

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
        """Return the rows of each table, and what changes when one is written. Raises WarehouseError."""
        return drain.table_states(self.client, tables)

    def inserts_running(self) -> int:
        """Return how many open transactions have written to the database. Raises WarehouseError."""
        return drain.inserts_running(self.client)

    def records_at(self, table: RecordTable, topic: str, positions: Sequence[tuple[int, int]]) -> list[dict[str, Any]]:
        """Return the rows of the given (partition, offset) pairs of a topic. Raises WarehouseError."""
        return drain.records_at(self.client, table, topic, positions)

    def emptying(self, name: str, *, is_view: bool) -> tuple[str, ...]:
        """Return the statements that remove every row of an object. Raises WarehouseError for an unknown view."""
        if not is_view:
            return (f"TRUNCATE TABLE {quoted(name)} CASCADE",)
        definition = self.query("SELECT pg_get_viewdef({name:text}::regclass) AS query", {"name": quoted(name)})
        query = str(definition.rows[0][0]).rstrip().rstrip(";")
        return (f"CREATE OR REPLACE VIEW {quoted(name)} AS SELECT * FROM ({query}) AS whole WHERE false",)  # noqa: S608

    def clone(self, name: str, schema: Path) -> Clone:  # noqa: ARG002 - the clone has the schema with its files
        """Clone the database as `name`. Raises WarehouseError, also while others are connected to it."""
        from streamproof.warehouse.postgres.cloning.clone import ClonedDatabase  # noqa: PLC0415 - that module imports this one

        self.client.close()
        return ClonedDatabase.of(self.client.settings, name)
