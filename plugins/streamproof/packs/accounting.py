"""The section `accounting:` of a pack: what its pipeline says about its records.

Each part is optional, and lets a run prove more (see `model.rungs`).
"""

from __future__ import annotations

from pydantic import Field, model_validator

from streamproof.model.rungs import Rung
from streamproof.packs.strict import Strict


class Drained(Strict):
    """How a run knows that all published records have arrived.

    `consumer_groups` are the run's groups, by role, that must have reached the end offsets. `settled_tables` are tables
    whose rows must stay the same while no insert is running.
    """

    consumer_groups: tuple[str, ...] = ()
    settled_tables: tuple[str, ...] = ()


class RawTable(Strict):
    """The table with every record as it was published, and its columns of topic, partition and offset.

    `value` is the column with the record's value, '' if the table does not keep it byte for byte.
    """

    table: str
    topic: str
    partition: str
    offset: str
    value: str = ""


class IdColumn(Strict):
    """A table in which events end, and the id of the event in it: a column, or an expression of the warehouse's SQL.

    An expression (`sql`) is for tables whose key has several columns. `many`: one event may have several rows. `where`
    is a condition in the warehouse's SQL for the rows that count, '' for all rows.
    """

    table: str
    column: str = ""
    sql: str = ""
    many: bool = False
    where: str = ""

    @model_validator(mode="after")
    def _has_one_id(self) -> IdColumn:
        if bool(self.column) == bool(self.sql):
            raise ValueError("needs exactly one of `column` and `sql`")
        return self


class IdTopic(Strict):
    """A topic of rejected records, by its role, and the path of the event's id in their values."""

    topic: str
    path: str


class Ids(Strict):
    """Where the id of an event stands. Every published id must end in exactly one of these places.

    `path` is the id's place in a published value: field names of nested JSON objects, joined by dots. The id is text or
    an integer there. Without `path`, it is the text in field `id` of the fixture's envelope. `tables` are those in
    which accepted events end, one for each kind of event; `reject_tables` and `reject_topics` are where the others end.
    Values without an id are not accounted for.
    """

    path: str = ""
    tables: tuple[IdColumn, ...] = Field(min_length=1)
    reject_tables: tuple[IdColumn, ...] = ()
    reject_topics: tuple[IdTopic, ...] = ()

    @model_validator(mode="after")
    def _refuse_twice(self) -> Ids:
        places = [place.table for place in (*self.tables, *self.reject_tables)]
        places += [f"topic {place.topic}" for place in self.reject_topics]
        twice = sorted({place for place in places if places.count(place) > 1})
        if twice:
            raise ValueError(f"names {', '.join(twice)} twice; an event ends in one place")
        return self

    @property
    def table_names(self) -> tuple[str, ...]:
        """Return the names of the tables in which events end."""
        return tuple(place.table for place in (*self.tables, *self.reject_tables))


class Dispositions(Strict):
    """The table with the disposition of every record, and its columns of topic, partition and offset."""

    table: str
    topic: str = "source_topic"
    partition: str = "source_partition"
    offset: str = "source_offset"


class Accounting(Strict):
    """The accounting of a pack. A part that the pack does not have is None."""

    drained: Drained = Field(default_factory=Drained)
    raw: RawTable | None = None
    ids: Ids | None = None
    dispositions: Dispositions | None = None

    @property
    def rungs(self) -> frozenset[Rung]:
        """Return the rungs that these parts offer, without `drained`: a program that ends by itself may offer it."""
        offered = {
            Rung.RAW_COMPLETE: self.raw is not None,
            Rung.IDS_ACCOUNTED: self.ids is not None,
            Rung.RECORDS_ACCOUNTED: self.dispositions is not None,
        }
        return frozenset(rung for rung, there in offered.items() if there)

    @property
    def shows_arrival(self) -> bool:
        """Return whether tables show that all rows have arrived: they settle, or account for every record."""
        return bool(self.drained.settled_tables or self.raw or self.dispositions)
