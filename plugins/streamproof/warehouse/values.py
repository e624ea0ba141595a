"""What goes through the warehouse port: what is asked of a warehouse, and what it answers, as plain data."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class AsTyped:
    """A parameter's value as a user typed it: the SQL's type for the parameter decides what it is."""

    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query returned: the names of the columns, and the rows in the order in which they came. Times are UTC."""

    columns: tuple[str, ...]
    rows: Sequence[Sequence[Any]]

    def named(self) -> list[dict[str, Any]]:
        """Return the rows by column name."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


@dataclass(frozen=True, slots=True)
class Shape:
    """What a table or view consists of.

    `columns` are the types of its columns by name, in their order. `merges`: rows of one key become one some day, so
    that a reader must not depend on whether they have. `replaces`: of such rows, one is kept as it is.
    """

    columns: Mapping[str, str]
    is_view: bool = False
    merges: bool = False
    replaces: bool = False


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far two floating-point numbers may be apart, relative to the greater of them.

    With `rows`, a column that counts what the number was made of, `relative` holds only above `exact_to` of these; up
    to that, `small` does. Such is a quantile by a digest, which keeps every value until it has too many.
    """

    relative: float
    rows: str = ""
    exact_to: int = 0
    small: float = 1e-6


@dataclass(frozen=True, slots=True)
class Comparison:
    """The rows of an object, to be compared with those that it should have, in the columns of `columns` (with types).

    The expected rows are those of `expected_sql`; where that is empty, those that were stored for the object in
    database `expected_database`. `key`, `seen_sql`, `as_set` and `tolerance` are those of a pack's parity map.
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
    """What a contract reads: the stored columns of a table without those left out, then computed ones by their SQL.

    With `time`, a column, only rows of the half-open window in UTC are read; with `hourly`, every hour that the window
    touches. `source` names the file that asks for it, for errors.
    """

    table: str
    source: str
    leave_out: Collection[str] = ()
    computed: Mapping[str, str] = field(default_factory=dict)
    time: str = ""
    hourly: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """The rows of a table, and by column which of them hold NaN or an infinite value (only columns with such a row).

    A DataFrame holds NULL and NaN as one and the same; a contract must not: NULL may be allowed, NaN never compares.
    """

    frame: pd.DataFrame
    not_finite: Mapping[str, pd.Series[bool]]


@dataclass(frozen=True, slots=True)
class RecordTable:
    """A table with a row for every record, and its columns with the record's topic, partition and offset."""

    table: str
    topic: str
    partition: str
    offset: str


# What a replay published, record by record; written by nobody but the replay.
LEDGER = RecordTable("replay_ledger", "source_topic", "source_partition", "source_offset")


@dataclass(frozen=True, slots=True)
class Feed:
    """What a warehouse that reads a topic by itself is told: brokers, topic, consumer group, client options."""

    bootstrap_servers: str
    topic: str
    group: str
    options: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class SchemaFinding:
    """What a look at a database that no run made has found.

    `migrations` is the number of its migrations, None without a table of them; `other_types` says where a column has
    another type; `absent` are tables that it may lack and does; `owner` is the run that made it, None when none did;
    `settings_are_fixed`: its user may not choose how queries read.
    """

    migrations: int | None
    other_types: tuple[str, ...]
    absent: tuple[str, ...]
    owner: str | None
    settings_are_fixed: bool
