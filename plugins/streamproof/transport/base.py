"""The port of a transport: what stages ask of whatever carries the records, and nothing of its client library."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from streamproof.model.fixture import FixtureEvent
from streamproof.model.settings import KafkaSettings


@dataclass(frozen=True, slots=True)
class GroupState:
    """One consumer group. `state` is the broker's own text, in lower case; `assigned` are partitions of one topic."""

    group: str
    state: str
    assigned: frozenset[int]

    def missing(self, partitions: frozenset[int]) -> str:
        """Return what keeps the group from consuming all these partitions, '' when nothing does."""
        if self.state != "stable":
            return f"group {self.group} is {self.state}"
        missing = sorted(partitions - self.assigned)
        return f"group {self.group} has no consumer for partition {', '.join(map(str, missing))}" if missing else ""


@dataclass(frozen=True, slots=True)
class Published:
    """What a replay published, every record acknowledged.

    `partitions` and `offsets` are by sequence number; `start_offsets` and `end_offsets` by partition: the topic's end
    before the first and after the last record. `duration_sec` is wall time from the first record to the last answer.
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


class Consumers(Protocol):
    """Consumer groups as the transport sees them. Every method raises StackError when there is no answer."""

    def partitions(self, topic: str) -> frozenset[int]:
        """Return the partitions of a topic; empty while it does not exist."""

    def state(self, group: str, topic: str) -> GroupState:
        """Return a group's state and the partitions of `topic` that its members hold."""

    def committed(self, group: str, topic: str, partitions: Iterable[int]) -> Mapping[int, int]:
        """Return the committed offset by partition of `topic`; a partition without a commit is left out."""


class Transport(Protocol):
    """What carries records from a replay to a pipeline. Every method raises StackError when it is refused.

    `settings` say how to reach it; `timeout` is in seconds.
    """

    def preflight(self, settings: KafkaSettings, topics: Sequence[str], groups: Sequence[str], *, source: str) -> str:
        """Check that it answers, has none of these names yet and would create the topics; return what it is.

        `source` says in a few words where the settings come from. Nothing is created.
        """

    def create_topics(self, settings: KafkaSettings, names: Iterable[str], *, timeout: float) -> None:
        """Create topics of one partition without expiry."""

    def create_missing_topics(self, settings: KafkaSettings, names: Iterable[str], *, timeout: float) -> list[str]:
        """Create those of the topics that are not there and return their names."""

    def delete_topics(self, settings: KafkaSettings, names: Iterable[str], *, timeout: float) -> None:
        """Delete topics; those that are gone already do not matter."""

    def delete_groups(self, settings: KafkaSettings, names: Iterable[str], *, timeout: float) -> None:
        """Delete consumer groups, each as soon as its last member has left it."""

    def publish(
        self,
        settings: KafkaSettings,
        topic: str,
        records: Iterable[tuple[FixtureEvent, bytes | None]],
        *,
        run_id: str,
        watch: Callable[[], object] = lambda: None,
    ) -> Published:
        """Publish records in the given order and wait until every one of them is acknowledged.

        `watch` is called now and then and may raise what ends the replay at once.
        """

    def consumers(self, settings: KafkaSettings) -> Consumers:
        """Return a look at the consumer groups."""
