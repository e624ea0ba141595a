"""The transport port: the operations that stages need from the system that carries the records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from streamproof.fixtures.timing.pace import Pace
from streamproof.model.fixture import FixtureEvent, Header
from streamproof.model.settings import KafkaSettings

# Topics have one partition unless a mapping says otherwise.
ONE_EACH: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class GroupState:
    """The state of a consumer group: the broker's own text in lower case, and the assigned partitions of one topic."""

    group: str
    state: str
    assigned: frozenset[int]

    def missing(self, partitions: frozenset[int]) -> str:
        """Return why the group does not consume all these partitions, '' when it does."""
        if self.state != "stable":
            return f"group {self.group} is {self.state}"
        missing = sorted(partitions - self.assigned)
        return f"group {self.group} has no consumer for partition {', '.join(map(str, missing))}" if missing else ""


def _unheard(_partition: int, _offsets: Sequence[int]) -> None:
    """Do nothing with acknowledged offsets. This is the default."""


@dataclass(frozen=True, slots=True)
class Course:
    """How the records of a replay are published.

    `pace` says when each of them is due; None means as fast as possible. `arrived` is the number of records by
    partition that the topic holds already, from the first on; they are not published again. `on_acknowledged` hears of
    a partition's newly acknowledged offsets, in the order of publishing. `resumable`: the system itself refuses a
    second copy of a record, and stops before a record that would follow a lost one.
    """

    pace: Pace | None = None
    arrived: Mapping[int, int] = field(default_factory=dict)
    on_acknowledged: Callable[[int, Sequence[int]], object] = _unheard
    resumable: bool = False


AS_FAST_AS_POSSIBLE = Course()


@dataclass(frozen=True, slots=True)
class Published:
    """The records of a replay, all acknowledged.

    `partitions` and `offsets` are indexed by sequence number; of a resumed replay, they are those of the records that
    were published now. `start_offsets` and `end_offsets` are the end offsets by
    partition before the first and after the last record. `duration_sec` is the wall time in seconds from the first
    record to the last acknowledgement.
    """

    topic: str
    acknowledged: int
    partitions: Sequence[int]
    offsets: Sequence[int]
    start_offsets: dict[int, int]
    end_offsets: dict[int, int]
    duration_sec: float

    @property
    def rate_per_sec(self) -> float:
        """Return acknowledged records per second."""
        return self.acknowledged / self.duration_sec if self.duration_sec else 0.0


@dataclass(frozen=True, slots=True)
class ReadRecord:
    """A record that was read from a topic. `value` is None for a null value.

    `milliseconds` is its time in Unix milliseconds, None if it has none.
    """

    partition: int
    offset: int
    value: bytes | None
    key: bytes | None = None
    headers: tuple[Header, ...] = ()
    milliseconds: int | None = None


@dataclass(frozen=True, slots=True)
class OutgoingRecord:
    """A record to publish. `milliseconds` is its time in Unix milliseconds, None for the time of publishing.

    `partition` is None where the key decides.
    """

    value: bytes
    key: bytes | None = None
    milliseconds: int | None = None
    partition: int | None = None
    headers: tuple[Header, ...] = ()


@dataclass(frozen=True, slots=True)
class Numbered:
    """A series of records that is published exactly once, whatever kills the process that publishes it.

    `run_id` names the series in the headers of its records. `writer` names who publishes it: one process at a time.
    `since` are the end offsets of the topic's partitions before the first record. `batch` is how many records become
    visible at once. `rate` limits the records per second, None for no limit.
    """

    topic: str
    run_id: str
    writer: str
    since: Mapping[int, int]
    batch: int = 1_000
    rate: float | None = None


# The partition and the offset of each record of a series, in the order of its sequence numbers.
Positions = Sequence[tuple[int, int]]


class Consumers(Protocol):
    """Reads the state of consumer groups. Every method raises StackError when the transport does not answer."""

    def partitions(self, topic: str) -> frozenset[int]:
        """Return the partitions of a topic; empty while it does not exist."""

    def state(self, group: str, topic: str) -> GroupState:
        """Return a group's state and the partitions of `topic` that are assigned to its members."""

    def committed(self, group: str, topic: str, partitions: Iterable[int]) -> Mapping[int, int]:
        """Return the committed offset of each partition of `topic`, without partitions that have none."""

    def end_offsets(self, topic: str) -> Mapping[int, int]:
        """Return the end offset of each partition of a topic."""


class Transport(Protocol):
    """The system that carries records from a replay to a pipeline, such as Kafka.

    `settings` is its address and login; `timeout` is in seconds. Every method raises StackError when it is refused.
    """

    def preflight(self, settings: KafkaSettings, topics: Sequence[str], groups: Sequence[str], *, source: str) -> str:
        """Check that it answers, has none of these topics and groups, and would create the topics.

        It returns a description of the system and creates nothing. `source` describes where the settings come from.
        """

    def create_topics(
        self, settings: KafkaSettings, names: Iterable[str], *, timeout: float, partitions: Mapping[str, int] = ONE_EACH
    ) -> None:
        """Create topics without expiry; `partitions` are the numbers of those with more than one partition."""

    def create_missing_topics(self, settings: KafkaSettings, names: Iterable[str], *, timeout: float) -> list[str]:
        """Create the topics that do not exist and return their names."""

    def delete_topics(self, settings: KafkaSettings, names: Iterable[str], *, timeout: float) -> None:
        """Delete topics. A topic that does not exist is ignored."""

    def delete_groups(self, settings: KafkaSettings, names: Iterable[str], *, timeout: float) -> None:
        """Delete consumer groups, each as soon as its last member has left."""

    def publish(
        self,
        settings: KafkaSettings,
        topic: str,
        records: Iterable[tuple[FixtureEvent, bytes | None]],
        *,
        run_id: str,
        watch: Callable[[], object] = lambda: None,
        shared: bool = False,
        course: Course = AS_FAST_AS_POSSIBLE,
    ) -> Published:
        """Publish records in the given order and wait until all of them are acknowledged.

        `watch` is called regularly; an exception that it raises ends the replay. `shared`: others publish to the topic
        at the same time.
        """

    def partition_of(self, key: bytes | None, partitions: int) -> int:
        """Return the partition to which `publish` sends records with a key, in a topic with so many partitions."""

    def read(
        self, settings: KafkaSettings, topic: str, span: Mapping[int, tuple[int, int]] | None = None
    ) -> Iterator[ReadRecord]:
        """Yield the records that a topic holds now, or those of `span`: (first, end) offset by partition.

        Nothing is committed. Records of transactions that were not committed are left out.
        """

    def end_offsets(self, settings: KafkaSettings, topic: str) -> Mapping[int, int]:
        """Return the end offset of each partition of a topic. A topic that was just created is waited for."""

    def retained(self, settings: KafkaSettings, topic: str) -> Mapping[int, tuple[int, int]]:
        """Return the first retained offset and the end offset of each partition of a topic."""

    def publish_once(
        self,
        settings: KafkaSettings,
        series: Numbered,
        records: Iterable[OutgoingRecord],
        *,
        watch: Callable[[int], object] = lambda _number: None,
    ) -> Positions:
        """Publish the records of a series that are not in its topic yet, and return the positions of all.

        A process that died in the middle is followed by another one with the same series and the same records: each
        record is then in the topic exactly once. `watch` is called with the number of visible records; an exception
        that it raises ends the work. Consumers must ignore records of transactions that were not committed.
        """

    def read_back(self, settings: KafkaSettings, series: Numbered) -> Positions:
        """Return the positions of the records of a series that its topic holds.

        Raises StackError when a sequence number is there twice or missing before a later one.
        """

    def consumers(self, settings: KafkaSettings) -> Consumers:
        """Return a reader of the consumer groups' state."""
