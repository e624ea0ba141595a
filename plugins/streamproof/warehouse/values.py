"""The arguments and results of the warehouse port, as plain data."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class AsTyped:
    """A parameter's value as a user typed it. The parameter's SQL type decides how the text is read."""

    text: str


@dataclass(frozen=True, slots=True)
class MadeColumn:
    """A column of a new pack, for its README: name, type, path in the event, and a remark ('' for none)."""

    name: str
    type: str
    path: str
    note: str


@dataclass(frozen=True, slots=True)
class MadeTable:
    """A typed table of a new pack: its event type, its key and time columns, and its columns."""

    name: str
    event_type: str | None
    events: int
    key: tuple[str, ...]
    time: str
    columns: tuple[MadeColumn, ...]


@dataclass(frozen=True, slots=True)
class MadePack:
    """What a warehouse contributes to a new pack.

    `files` are texts by path below the pack's folder, all in `sql/` and `contracts/`. `raw` is the raw table,
    `raw_value` its column with the records' values, `tables` are the typed ones, and `rejected` is the table of records
    that are no events. `suites` are in their order. `exempt_columns` are columns in which no damage could be seen,
    `table.column`, with the reason.
    """

    files: Mapping[str, str]
    raw: RecordTable
    raw_value: str
    tables: tuple[MadeTable, ...]
    rejected: str
    suites: tuple[str, ...]
    exempt_columns: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of a query: the column names, and the rows in the order of the result. Times are UTC."""

    columns: tuple[str, ...]
    rows: Sequence[Sequence[Any]]

    def named(self) -> list[dict[str, Any]]:
        """Return the rows by column name."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


@dataclass(frozen=True, slots=True)
class RowStream:
    """The result of a query that is read row by row: the column names, and the rows. Texts are bytes."""

    columns: tuple[str, ...]
    rows: Iterator[Sequence[Any]]

    def named(self) -> Iterator[dict[str, Any]]:
        """Yield the rows by column name."""
        return (dict(zip(self.columns, row, strict=True)) for row in self.rows)


@dataclass(frozen=True, slots=True)
class Shape:
    """The columns of a table or view, and how it treats rows with equal keys.

    `columns` holds the column types by name, in the table's order. `merges`: rows with equal keys are merged into one
    at some later time, so a reader must not depend on whether they have been. `replaces`: that merge keeps one of the
    rows unchanged. `computed` are the columns that no insert may name.
    """

    columns: Mapping[str, str]
    is_view: bool = False
    merges: bool = False
    replaces: bool = False
    computed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far two floating-point numbers may differ, relative to the greater one.

    `rows` may name a column with the number of values behind the result. Then `relative` applies above `exact_to`
    values, and `small` up to it. A quantile from a digest needs this: it is exact until the digest has too many values.
    """

    relative: float
    rows: str = ""
    exact_to: int = 0
    small: float = 1e-6


@dataclass(frozen=True, slots=True)
class Comparison:
    """A comparison of an object's rows with its expected rows. `columns` holds the types of the compared columns.

    The expected rows come from `expected_sql`. If that is empty, they are the rows stored for the object in database
    `expected_database`. `key`, `seen_sql`, `as_set` and `tolerance` come from the pack's parity map.
    """

    name: str
    shape: Shape
    columns: Mapping[str, str]
    key: Sequence[str]
    expected_sql: str = ""
    expected_database: str = ""
    seen_sql: str = ""
    as_set: bool = False
    tolerance: Mapping[str, Tolerance] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TableRead:
    """The columns and rows of a table that a contract reads.

    The columns are the table's stored ones without `leave_out`, then the `computed` ones, given as SQL by name. If
    `time` names a column, only rows inside the window (half-open, UTC) are read; with `hourly`, all rows of every hour
    that the window touches. `source` is the contract's file, for errors. `only` names the columns to read, () for all;
    names of columns that do not exist are ignored. At most `limit` rows are read, 0 for all.
    """

    table: str
    source: str
    leave_out: Collection[str] = ()
    computed: Mapping[str, str] = field(default_factory=dict)
    time: str = ""
    hourly: bool = False
    only: Collection[str] = ()
    limit: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """The rows of a table, and a mask of the rows with NaN or an infinite value for each column that has any.

    The masks are needed because a DataFrame cannot tell NULL from NaN. A contract may allow NULL, but never NaN.
    """

    frame: pd.DataFrame
    not_finite: Mapping[str, pd.Series[bool]]


@dataclass(frozen=True, slots=True)
class RecordTable:
    """A table with one row for each record, and the names of its topic, partition and offset columns."""

    table: str
    topic: str
    partition: str
    offset: str


@dataclass(frozen=True, slots=True)
class TableState:
    """How many rows a table has, and the names of its stored parts; a table without parts has none."""

    rows: int
    parts: frozenset[str] = frozenset()


# Every adapter ends its message with this text when a query names a table that does not exist.
UNKNOWN_TABLE = "(UNKNOWN_TABLE)"

# The kinds of values that a record may have.
ALL_VALUE_KINDS = ("bytes", "empty", "null")


def topic_place(role: str) -> str:
    """Return the name of a topic of rejected records, as a place in which an event may end."""
    return f"topic {role}"


# The table of published records, one row each. Only the replay writes it.
LEDGER = RecordTable("replay_ledger", "source_topic", "source_partition", "source_offset")


@dataclass(frozen=True, slots=True)
class Feed:
    """The settings of a warehouse that reads a topic itself: brokers, topic, consumer group, client options.

    `topics` and `groups` are all that the pipeline has, by role: rows may also reach the warehouse through a topic.
    """

    bootstrap_servers: str
    topic: str
    group: str
    options: Mapping[str, str] = field(default_factory=dict, repr=False)
    topics: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SchemaFinding:
    """The result of comparing an existing database with a pack's schema.

    `migrations` is the number of applied migrations, None if the database does not record them. `other_types` names
    the columns with another type. `absent` are the optional tables that are missing. `owner` is the run that created
    the database, None if no run did. `settings_are_fixed`: the user may not change the settings of a query.
    """

    migrations: int | None
    other_types: tuple[str, ...]
    absent: tuple[str, ...]
    owner: str | None
    settings_are_fixed: bool


@dataclass(frozen=True, slots=True)
class FileRow:
    """A row that two files do not hold equally often: how often each has it, and its values in the order of columns.

    The values are texts, and None for NULL. Bytes that are no text are shown as `0x` and hexadecimal digits.
    """

    times: tuple[int, int]
    values: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class FilesCompared:
    """What two files of rows have in common, compared as multisets. Pairs are in the order of the two files.

    `columns` are (name, type) pairs. If the columns differ, the rows are not compared, and all numbers are 0. `rows`
    counts all rows; `only` counts those that one file has more often than the other. `samples` are some of these.
    """

    columns: tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]
    rows: tuple[int, int]
    only: tuple[int, int]
    samples: tuple[tuple[FileRow, ...], tuple[FileRow, ...]]


@dataclass(frozen=True, slots=True)
class SqlText:
    """One statement of a pack to review. `source` is its file and line; `parameters` are (name, SQL type) pairs.

    `count` is the column of whole numbers that the result must have, '' for none.
    """

    source: str
    sql: str
    parameters: tuple[tuple[str, str], ...] = ()
    count: str = ""


@dataclass(frozen=True, slots=True)
class SqlReview:
    """The result of a review of SQL: (source, message) of each refusal, and the names of the schema's objects.

    When the schema itself is refused, nothing else is reviewed, and `objects` is empty.
    """

    problems: tuple[tuple[str, str], ...]
    objects: frozenset[str]
