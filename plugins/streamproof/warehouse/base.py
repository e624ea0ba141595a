"""The warehouse port: the operations that the engine needs from any kind of database.

Each kind of warehouse has an adapter in a subpackage of this package, and `registry` opens it by name. Code on higher
floors imports neither an adapter nor a client library. SQL of one dialect belongs to its adapter or to a pack.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from streamproof.model.fixture import Expectation, FixtureEvent
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
    from streamproof.warehouse.clones import Clone


# Returns the id by which a pack accounts for an event, from the event and its value; '' for none.
IdOf = Callable[[FixtureEvent, bytes | None], str]


def no_id(_event: FixtureEvent, _value: bytes | None) -> str:
    """Return no id. This is for packs that do not account by ids."""
    return ""


class RecordPositions(Protocol):
    """The topic, partitions and offsets of the published records, in the order of publishing."""

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
    """One database of a warehouse. Threads may share it. Every method raises WarehouseError when the server refuses."""

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
        """Run a read-only query.

        A parameter is written `{name:Type}`, with a type of the warehouse's own SQL. `types` gives the SQL types of the
        parameters; they are needed for values that a user typed (`AsTyped`).
        `source` is the file and line of the query, for errors.
        """

    def stream(
        self, sql: str, parameters: Mapping[str, object] | None = None, *, source: str = ""
    ) -> AbstractContextManager[RowStream]:
        """Run a read-only query and read its rows one by one, in bounded memory. Texts are bytes, as they are stored.

        A result that breaks off raises WarehouseError while its rows are read. `source` is as for `query`.
        """

    def save_rows(self, sql: str, file: Path, *, source: str) -> None:
        """Write the rows of a read-only query to a Parquet file, without holding them all in memory.

        The file appears only when it is complete; its folder is made. `source` is the beginning of an error message.
        Raises OSError when it cannot be written.
        """

    def needs_of(self, sql: str) -> str:
        """Return the setting that the query needs and this user may not change, '' when nothing is missing.

        Without that setting the query would give a wrong answer.
        """

    def objects_read(self, text: str, names: Collection[str]) -> frozenset[str] | None:
        """Return the objects among `names` that the SQL text reads, by name or pattern; None if that is unknown."""

    def shapes(self, objects: Collection[str]) -> dict[str, Shape]:
        """Return the shape of each of these objects that exists."""

    def read_table(self, read: TableRead, window: Mapping[str, object]) -> Reading:
        """Read a table's rows into a DataFrame. Times are UTC without a zone; addresses and UUIDs are text."""

    def read_batches(self, read: TableRead, window: Mapping[str, object], *, rows: int) -> Iterator[Reading]:
        """Read a table's rows as `read_table` does, in consecutive DataFrames of at most `rows` rows.

        A column has the same type in all of them. Their indexes count through. An empty table gives none.
        """

    def compare(self, comparison: Comparison, *, detail: bool) -> dict[str, Any]:
        """Compare an object with its expected rows and return counts as plain data.

        `rows_seen` and `rows_expected` count all rows. `differing`, `missing` and `unexpected` count the wrong ones.
        Without `detail`, an adapter may return `rows_differing` (rows that only one side has) and `rows_not_finite`
        instead of these three. With `detail`, the result also has `missing_keys`, `unexpected_keys`, and `by_column`:
        (name, rows, [(key, expected, seen)]).
        """

    def compared_columns(self, comparison: Comparison) -> dict[str, str]:
        """Return the type of each compared column as it is read; for an aggregate state, that of its final value."""

    # The view cache: a view that several checks read is evaluated only once.

    def cache_views(self, texts: Iterable[str]) -> dict[str, str]:
        """Cache each view that two or more of these SQL texts read, and return the errors of those that cannot be read.

        From then on, a query that names a cached view reads the cached rows. An adapter whose server plans a view
        quickly caches none.
        """

    def cached_views(self) -> frozenset[str]:
        """Return the names of the cached views."""

    def drop_view_cache(self) -> None:
        """Drop every cached view."""

    def use_view_cache(self) -> None:
        """Use the view cache that another process has made, if there is one."""

    # Writing

    def execute(self, sql: str, parameters: Mapping[str, object] | None = None) -> None:
        """Run a statement that returns nothing, and wait until its effect is visible."""

    def script(self, text: str, source: str) -> list[str]:
        """Run statements separated by semicolons in one session, and return them.

        Raises SqlSourceError before the first statement runs when the text cannot be read.
        """

    def insert(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]], *, what: str) -> int:
        """Insert rows of JSON values and return their number. `what` is the beginning of an error message."""

    def store_expected(
        self,
        rows: Iterable[tuple[str, Mapping[str, Any]]],
        columns: Mapping[str, Mapping[str, str]],
        *,
        added: bool = False,
    ) -> dict[str, int]:
        """Store an oracle's rows, given as (object, row), and return their number by object.

        `columns` holds the types of the compared columns by object. Rows of other objects are ignored. With `added`,
        the rows are added to those that were stored for the same columns before. Raises UsageError for a row whose
        columns are not exactly those of its object.
        """

    # The schema, and the topic that feeds it

    def apply_schema(self, folder: Path, *, feed: Feed | None, retention: bool) -> tuple[list[str], int]:
        """Apply the migrations of a folder that the database does not have yet.

        Returns their names and the number of their statements. Without a feed, no table reads a topic. With
        `retention`, old rows expire as the schema says. A warehouse that reads no topic ignores the feed. Raises
        SqlSourceError for a file that cannot be read.
        """

    def show_correlated(self, database: str, tables: Collection[str], columns: Mapping[str, str], prefix: str) -> None:
        """Create views of these tables of another database, which show only the rows of this run.

        These are the rows whose column in `columns` begins with `prefix`; of a table without such a column, all rows.
        Nothing is written to the other database. The tables of the engine are created, too. Raises UsageError when a
        database of this kind of warehouse cannot read another.
        """

    def check_schema(self, expected: Path, folder: Path, *, may_be_missing: Collection[str]) -> SchemaFinding:
        """Compare the database with the expected columns (a JSON file) and, where it records them, the migrations.

        Tables in `may_be_missing` may be missing. Nothing is written. Raises UsageError for a broken file, and
        WarehouseError when a table, column or migration that the checks need is missing.
        """

    def assigned_partitions(self, topic: str) -> set[int]:
        """Return the partitions of a topic that are assigned to the warehouse's own consumers, if it has any."""

    def consumer_complaint(self) -> str:
        """Return the last error of the warehouse's own consumer, '' when it had none."""

    # The published records, and whether they have arrived

    def write_ledger(
        self,
        positions: RecordPositions,
        records: Iterable[tuple[FixtureEvent, bytes | None]],
        unstated: Expectation,
        id_of: IdOf,
    ) -> int:
        """Store one ledger row for each published record, in the order of publishing, and return their number.

        `unstated` is the expectation for a record whose fixture line states none. `id_of` returns the id by which the
        pack accounts for an event.
        """

    def store_reject_ids(self, place: str, ids: Iterable[tuple[int, int, str]]) -> int:
        """Store the ids in a topic of rejected records, and return their number. Ids stored before are replaced.

        Each is (partition, offset, id). `place` is the name of the topic in reports.
        """

    def ledger_positions(self) -> Iterable[tuple[str, int, int]]:
        """Return topic, partition and offset of every published record, in the order of publishing."""

    @property
    def value_kinds_read(self) -> tuple[str, ...]:
        """Return the kinds of values that become rows: of Kafka values, where the warehouse itself reads the topic.

        All kinds, where a program fills the tables.
        """

    def unaccounted(self, table: RecordTable, topic: str, kinds: Sequence[str]) -> tuple[int, int]:
        """Return (published records with a row in the table, published records), both of these kinds of values."""

    def row_count(self, table: RecordTable, topic: str) -> int:
        """Return how many rows of a table come from a topic, duplicates included."""

    def row_counts(self, tables: Sequence[str]) -> dict[str, int]:
        """Return the number of rows of each table, duplicates included."""

    def table_states(self, tables: Sequence[str]) -> dict[str, TableState]:
        """Return the state of each table. It stays the same while nothing is written or merged."""

    def inserts_running(self) -> int:
        """Return how many inserts into the database, or transactions with one, are running or waiting now."""

    def records_at(self, table: RecordTable, topic: str, positions: Sequence[tuple[int, int]]) -> list[dict[str, Any]]:
        """Return the rows of a table that come from the given (partition, offset) pairs of a topic."""

    # Proving

    def emptying(self, name: str, *, is_view: bool) -> tuple[str, ...]:
        """Return the statements that remove every row of an object; a view is replaced by an empty table."""

    def clone(self, name: str, schema: Path) -> Clone:
        """Clone the database as `name`: all rows, and the schema from the migrations in folder `schema`.

        Nobody may write to the database meanwhile; an adapter may also require that nobody is connected to it.
        The clone reads no topic. Its materialized views exist but write nothing, so a change of their source does not
        reach their target.
        """
