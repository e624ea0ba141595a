"""What a pipeline tells about its records: `accounting:` of a pack. Each part makes more provable."""

from __future__ import annotations

from pydantic import Field

from streamproof.packs.strict import Strict


class Drained(Strict):
    """How a run sees that everything it published has arrived.

    `consumer_groups` are groups of the run, by role, that must be at the end offsets. `settled_tables` are tables whose
    row counts stand still while no insert is running.
    """

    consumer_groups: tuple[str, ...] = ()
    settled_tables: tuple[str, ...] = ()


class RawTable(Strict):
    """The table that holds every record as it was published, and the columns with its topic, partition and offset."""

    table: str
    topic: str
    partition: str
    offset: str


class Dispositions(Strict):
    """The table with one row for every record, what became of it, and its columns with the record's place."""

    table: str
    topic: str = "source_topic"
    partition: str = "source_partition"
    offset: str = "source_offset"


class Accounting(Strict):
    """The parts that a pack offers; None for those that it does not."""

    drained: Drained = Field(default_factory=Drained)
    raw: RawTable | None = None
    dispositions: Dispositions | None = None
