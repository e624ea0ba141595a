"""The section `accounting:` of a pack: how a run accounts for the records of the pipeline.

Each part is optional, and lets a run prove more.
"""

from __future__ import annotations

from pydantic import Field

from streamproof.packs.strict import Strict


class Drained(Strict):
    """How a run knows that all published records have arrived.

    `consumer_groups` are the run's groups, by role, that must have reached the end offsets. `settled_tables` are tables
    whose row counts must stay the same while no insert is running.
    """

    consumer_groups: tuple[str, ...] = ()
    settled_tables: tuple[str, ...] = ()


class RawTable(Strict):
    """The table with every record as it was published, and its columns of topic, partition and offset."""

    table: str
    topic: str
    partition: str
    offset: str


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
    dispositions: Dispositions | None = None
