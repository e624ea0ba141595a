"""Kafka behind the port of transports."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from streamproof.model.fixture import FixtureEvent
from streamproof.model.settings import KafkaSettings
from streamproof.transport.base import Published, Transport
from streamproof.transport.kafka import producer, topics
from streamproof.transport.kafka.admin import admin_of
from streamproof.transport.kafka.groups import Groups
from streamproof.transport.kafka.preflight import check_kafka


class Kafka:
    """Brokers of Apache Kafka, or what speaks its protocol."""

    def preflight(self, settings: KafkaSettings, topics: Sequence[str], groups: Sequence[str], *, source: str) -> str:
        """Check brokers that a run did not start and return what they are."""
        return check_kafka(settings, tuple(topics), tuple(groups), source=source)

    def create_topics(self, settings: KafkaSettings, names: Iterable[str], *, timeout: float) -> None:
        """Create topics of one partition without expiry."""
        topics.create_topics(admin_of(settings), names, timeout=timeout)

    def create_missing_topics(self, settings: KafkaSettings, names: Iterable[str], *, timeout: float) -> list[str]:
        """Create those of the topics that are not there and return their names."""
        return topics.create_missing_topics(admin_of(settings), names, timeout=timeout)

    def delete_topics(self, settings: KafkaSettings, names: Iterable[str], *, timeout: float) -> None:
        """Delete topics; those that are gone already do not matter."""
        topics.delete_topics(admin_of(settings), names, timeout=timeout)

    def delete_groups(self, settings: KafkaSettings, names: Iterable[str], *, timeout: float) -> None:
        """Delete consumer groups, each as soon as its last member has left it."""
        topics.delete_groups(admin_of(settings), names, timeout=timeout)

    def publish(
        self,
        settings: KafkaSettings,
        topic: str,
        records: Iterable[tuple[FixtureEvent, bytes | None]],
        *,
        run_id: str,
        watch: Callable[[], object] = lambda: None,
    ) -> Published:
        """Publish records in the given order and wait until every one of them is acknowledged."""
        return producer.publish(settings, topic, records, run_id=run_id, watch=watch)

    def consumers(self, settings: KafkaSettings) -> Groups:
        """Return a look at the consumer groups."""
        return Groups(settings)


TRANSPORT: Transport = Kafka()
