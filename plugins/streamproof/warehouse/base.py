"""The warehouse port: what the engine asks of the database that a pipeline writes to, whatever kind it is.

One folder beside this module holds the adapter of one kind; `registry` opens it by name. Nothing above this floor
imports an adapter, a client library, or writes SQL of one dialect: such SQL stands in the adapter or in a pack.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from streamproof.model.fixture import Expectation, FixtureEvent
from streamproof.warehouse.values import Answer, Comparison, Feed, Reading, RecordTable, SchemaFinding, Shape, TableRead

if TYPE_CHECKING:
    from streamproof.warehouse.clones import Clone


class Places(Protocol):
    """Where a broker put what was published, in the order of publishing."""

    @property
    def topic(self) -> str:
        """Return the topic."""

    @property
    def partitions(self) -> Sequence[int]:
        """Return the partition of each record."""

    @property
    def offsets(self) -> Sequence[int]:
        """Return the offset of each record."""


class Warehouse(Protocol):
    """One database of a warehouse. It may be shared by threads. Every method raises WarehouseError when refused."""

    @property
    def database(self) -> str:
        """Return the name of the database."""

    @property
    def version(self) -> str:
        """Return the version of the server."""

    def close(self) -> None:
        """Close the connection."""

    # Reading

    def query(
        self,
        sql: str,
        parameters: Mapping[str, object] | None = None,
        *,
        types: Iterable[tuple[str, str]] = (),
        source: str = "",
    ) -> Answer:
        """Run a query that only reads. `types` are those of its parameters, for values that a user typed.

        `source` is the file and line that it comes from, for errors.
        """

    def needs_of(self, sql: str) -> str:
        """Return what a query lacks under this user's rights to mean what it says, '' when it lacks nothing."""

    def objects_read(self, text: str, names: Collection[str]) -> frozenset[str] | None:
        """Return which of these objects a text of SQL reads by name or pattern, None when that cannot be told."""

    def shapes(self, objects: Collection[str]) -> dict[str, Shape]:
        """Return the shape of each of these objects that is there."""

    def read_table(self, read: TableRead, window: Mapping[str, object]) -> Reading:
        """Read a table's rows into a DataFrame. Times are UTC without a zone; addresses and UUIDs are text."""

    def compare(self, comparison: Comparison, *, detail: bool) -> dict[str, Any]:
        """Compare an object with its expected rows and return counts as plain data.

        `rows_seen` and `rows_expected` count the rows, `differing`, `missing`, `unexpected` those that are not as they
        should be; without `detail`, `rows_odd` and `rows_not_finite` may stand in their place. With it, there are also
        `missing_keys`, `unexpected_keys`, and `by_column`: (name, rows, [(key, expected, seen)]).
        """

    def compared_columns(self, comparison: Comparison) -> dict[str, str]:
        """Return the compared columns with their types as they are read: of a state, those of the finished value."""

    # The view cache: views that several checks read are read once.

    def cache_views(self, texts: Iterable[str]) -> frozenset[str]:
        """Read once each view that two or more of these SQL texts read, and return all views that are cached.

        A query that names a cached view reads what is cached.
        """

    def drop_view_cache(self) -> None:
        """Forget every cached view."""

    def use_view_cache(self) -> None:
        """Read the views that another process has cached; without such a cache, nothing changes."""

    # Writing

    def execute(self, sql: str, parameters: Mapping[str, object] | None = None) -> None:
        """Run a statement that returns nothing, and wait until its effect is visible."""

    def script(self, text: str, source: str) -> list[str]:
        """Run statements divided by semicolons, in one session, and return them. Raises SqlSourceError before that."""

    def insert(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]], *, what: str) -> int:
        """Insert rows of JSON values and return their number; `what` says in an error what could not be stored."""

    def store_expected(
        self, rows: Iterable[tuple[str, Mapping[str, Any]]], columns: Mapping[str, Mapping[str, str]]
    ) -> dict[str, int]:
        """Store the rows that an oracle foretells and return their number by the object that they are expected in.

        `columns` are the types of the compared columns by object. Rows of other objects are passed over. Raises
        UsageError for a row that has not exactly the columns of its object.
        """

    # The schema, and what feeds it

    def apply_schema(self, folder: Path, *, feed: Feed | None, retention: bool) -> tuple[list[str], int]:
        """Apply the migrations of a folder that the database does not have yet.

        Returns their names and the number of their statements. Without a feed nothing reads a topic; with `retention`
        old rows expire as the schema says. Raises SqlSourceError for a file that cannot be read.
        """

    def check_schema(self, expected: Path, folder: Path, *, may_lack: Collection[str]) -> SchemaFinding:
        """Compare the database with the expected columns (a JSON file) and, where it has them, the migrations.

        Nothing is written. Raises UsageError for a broken file, WarehouseError when a check would ask in vain.
        """

    def assigned_partitions(self, topic: str) -> set[int]:
        """Return the partitions of a topic that the warehouse's own consumers hold."""

    def consumer_complaint(self) -> str:
        """Return what the warehouse's own consumer last said of the brokers, '' when it has not complained."""

    # What was published, and whether it has arrived

    def write_ledger(
        self, places: Places, records: Iterable[tuple[FixtureEvent, bytes | None]], unstated: Expectation
    ) -> int:
        """Store what was published, one row a record in the order of publishing, and return the number of rows.

        `unstated` is what must become of a record whose line states nothing.
        """

    def ledger_places(self) -> Iterable[tuple[str, int, int]]:
        """Return topic, partition and offset of every published record, in the order of publishing."""

    @property
    def value_kinds_read(self) -> tuple[str, ...]:
        """Return the kinds of values that become rows where the warehouse reads a topic by itself."""

    def unaccounted(self, table: RecordTable, topic: str, kinds: Sequence[str]) -> tuple[int, int]:
        """Return (published records that have a row in the table, published records), of these kinds of values."""

    def row_count(self, table: RecordTable, topic: str) -> int:
        """Return how many rows of a table come from a topic, duplicates included."""

    def row_counts(self, tables: Sequence[str]) -> dict[str, int]:
        """Return the number of rows of each table, duplicates included."""

    def inserts_running(self) -> int:
        """Return how many inserts into the database run or wait at this moment."""

    def records_at(self, table: RecordTable, topic: str, places: Sequence[tuple[int, int]]) -> list[dict[str, Any]]:
        """Return the rows of a table that come from these (partition, offset) of a topic."""

    # Proving

    def emptying(self, name: str, *, is_view: bool) -> tuple[str, ...]:
        """Return the statements that leave an object without a row; an empty table takes the place of a view."""

    def clone(self, name: str, schema: Path) -> Clone:
        """Clone the database as `name`, with the migrations of folder `schema` and all rows, but nothing that feeds it.

        What copies rows on insert is there and writes nothing: a change of its source leaves its target as it was.
        """


class Server(Protocol):
    """A server of databases, without one of its own. Every method raises WarehouseError when refused."""

    @property
    def version(self) -> str:
        """Return the version of the server."""

    def close(self) -> None:
        """Close the connection."""

    def check(self, database: str, schema: Path) -> str:
        """Check before a run that the server can hold its database, and return the version; nothing is created.

        Raises WarehouseError: too old, a user that may only read, a right that is missing, a database that is there.
        """

    def create(self, database: str) -> None:
        """Create a database where there is none of this name."""

    def claim(self, database: str, run_id: str, pack: str) -> bool:
        """Create a database and mark it as a run's; return whether it is new.

        Raises WarehouseError when it is there and does not belong to the run.
        """

    def release(self, database: str, run_id: str) -> bool:
        """Drop a run's database with all that belongs to it; return whether it was there.

        Raises WarehouseError when it does not belong to the run: then it is left alone.
        """

    def log_run(self, summary: Mapping[str, Any]) -> None:
        """Add a run's summary to the log of runs, which outlives their databases."""
