"""The adapter: Kafka behind the transport port."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from streamproof.model.fixture import FixtureEvent
from streamproof.model.settings import KafkaSettings
from streamproof.transport.base import (
    AS_FAST_AS_POSSIBLE,
    ONE_EACH,
    Course,
    Numbered,
    OutgoingRecord,
    Positions,
    Published,
    ReadRecord,
    Transport,
)
from streamproof.transport.kafka import producer, topics, transactions
from streamproof.transport.kafka.admin import admin_of
from streamproof.transport.kafka.groups import Groups
from streamproof.transport.kafka.preflight import check_kafka
from streamproof.transport.kafka.read_back import read_back, retained_offsets
from streamproof.transport.kafka.reading import read_topic
from streamproof.transport.kafka.sending import partition_of


class Kafka:
    """Apache Kafka, or other brokers that speak its protocol."""

    def preflight(self, settings: KafkaSettings, topics: Sequence[str], groups: Sequence[str], *, source: str) -> str:
        """Check brokers that the run did not start, and return a description of them."""
        return check_kafka(settings, tuple(topics), tuple(groups), source=source)

    def create_topics(
        self, settings: KafkaSettings, names: Iterable[str], *, timeout: float, partitions: Mapping[str, int] = ONE_EACH
    ) -> None:
        """Create topics without expiry; `partitions` are the numbers of those with more than one partition."""
        topics.create_topics(admin_of(settings), names, timeout=timeout, partitions=partitions)

    def create_missing_topics(self, settings: KafkaSettings, names: Iterable[str], *, timeout: float) -> list[str]:
        """Create the topics that do not exist and return their names."""
        return topics.create_missing_topics(admin_of(settings), names, timeout=timeout)

    def delete_topics(self, settings: KafkaSettings, names: Iterable[str], *, timeout: float) -> None:
        """Delete topics. A topic that does not exist is ignored."""
        topics.delete_topics(admin_of(settings), names, timeout=timeout)

    def delete_groups(self, settings: KafkaSettings, names: Iterable[str], *, timeout: float) -> None:
        """Delete consumer groups, each as soon as its last member has left."""
        topics.delete_groups(admin_of(settings), names, timeout=timeout)

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
        """Publish records in the given order and wait until all of them are acknowledged."""
        return producer.publish(settings, topic, records, run_id=run_id, watch=watch, shared=shared, course=course)

    def partition_of(self, key: bytes | None, partitions: int) -> int:
        """Return the partition of records with a key."""
        return partition_of(key, partitions)

    def read(
        self, settings: KafkaSettings, topic: str, span: Mapping[int, tuple[int, int]] | None = None
    ) -> Iterator[ReadRecord]:
        """Yield the records that a topic holds now, or those of `span`. Nothing is committed."""
        return read_topic(settings, topic, span)

    def end_offsets(self, settings: KafkaSettings, topic: str) -> Mapping[int, int]:
        """Return the end offset of each partition of a topic. A topic that was just created is waited for."""
        return producer.end_offsets(settings, topic)

    def retained(self, settings: KafkaSettings, topic: str) -> Mapping[int, tuple[int, int]]:
        """Return the first retained offset and the end offset of each partition of a topic."""
        return retained_offsets(settings, topic)

    def publish_once(
        self,
        settings: KafkaSettings,
        series: Numbered,
        records: Iterable[OutgoingRecord],
        *,
        watch: Callable[[int], object] = lambda _number: None,
    ) -> Positions:
        """Publish the records of a series that are not in its topic yet, and return the positions of all."""
        return transactions.publish_once(settings, series, records, watch=watch)

    def read_back(self, settings: KafkaSettings, series: Numbered) -> Positions:
        """Return the positions of the records of a series that its topic holds."""
        return read_back(settings, series)

    def consumers(self, settings: KafkaSettings) -> Groups:
        """Return a reader of the consumer groups' state."""
        return Groups(settings)


TRANSPORT: Transport = Kafka()
