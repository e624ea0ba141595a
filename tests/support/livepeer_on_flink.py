"""A database that a job on Flink fills through topics of its own, and the same content by the local runner's core."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zlib import crc32

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from pipelines.livepeer.batches import Batch, Span, process_batch, requests
from pipelines.livepeer.building import build_processor
from pipelines.livepeer.config import from_environment
from pipelines.livepeer.event import Record
from pipelines.livepeer.sink import ClickHouseSink
from pipelines.livepeer.tables import DISPOSITIONS
from streamproof.fixtures.ordering import plan_replay
from streamproof.model.fixture import FixtureEvent
from streamproof.model.settings import WarehouseSettings
from streamproof.model.waiting import Probe, wait_until
from streamproof.packs.loading import load_pack
from streamproof.warehouse.clickhouse.client import connect, execute, rows
from streamproof.warehouse.clickhouse.migrations import apply_migrations

MODULE = "pipelines.livepeer.flink.job"
DRAIN_SEC = 180.0
Event = tuple[FixtureEvent, bytes | None]


def events_of(home: Path, manifest: Path) -> list[Event]:
    """Return the records of a fixture set in the order in which a run publishes them."""
    return list(plan_replay(manifest, load_pack(home, "livepeer").replay).records())


class FlinkDatabase:
    """Topics, a database with the pack's schema, and the arguments of a job that fills it."""

    def __init__(self, name: str, home: Path, bootstrap: str, clickhouse: WarehouseSettings, partitions: int) -> None:
        self.name, self.home, self.bootstrap, self.clickhouse = name, home, bootstrap, clickhouse
        self.partitions = partitions
        self.published = 0
        self.topics = {role: f"{name}.{role}" for role in ("input", "dlq", "quarantine", "rows")}

    def create(self) -> None:
        """Create the topics and the database."""
        counts = {"input": self.partitions}
        kept = {"retention.ms": "-1"}
        topics = [NewTopic(topic, counts.get(role, 1), 1, config=kept) for role, topic in self.topics.items()]
        admin = AdminClient({"bootstrap.servers": self.bootstrap})
        for created in admin.create_topics(topics).values():
            created.result()
        variables = {
            "kafka_bootstrap": self.bootstrap,
            "input_topic": self.topics["input"],
            "raw_group": f"{self.name}.raw",
            "kafka_settings": {},
            "topics": self.topics,
            "groups": {"rows": f"{self.name}.rows"},
        }
        self.make_database(self.name, kafka=True, **variables)

    def make_database(self, name: str, **variables: Any) -> None:
        """Create a database with the pack's schema."""
        server = connect(self.clickhouse)
        execute(server, f"CREATE DATABASE {name}")
        server.close()
        client = connect(self.clickhouse.using(name))
        apply_migrations(client, self.home / "include/sql/livepeer/schema", {"retention": False, **variables})
        client.close()

    @property
    def arguments(self) -> list[str]:
        """The settings of the job."""
        return [
            f"QUALITY_KAFKA_BOOTSTRAP={self.bootstrap}",
            f"QUALITY_INPUT_TOPIC={self.topics['input']}",
            f"QUALITY_DLQ_TOPIC={self.topics['dlq']}",
            f"QUALITY_QUARANTINE_TOPIC={self.topics['quarantine']}",
            f"QUALITY_ROWS_TOPIC={self.topics['rows']}",
            f"QUALITY_GROUP_ID={self.name}.processor",
        ]

    def publish(self, events: Sequence[Event]) -> None:
        """Publish events as a run does: the events of one key into one partition, at their own times."""
        producer = Producer({"bootstrap.servers": self.bootstrap, "acks": "all", "message.max.bytes": 20_000_000})
        refused: list[str] = []
        for event, value in events:
            producer.produce(
                self.topics["input"],
                value,
                event.key,
                crc32(event.key or b"") % self.partitions,
                timestamp=event.publish_ms,
                on_delivery=lambda error, _: refused.append(error.str()) if error else None,
            )
            producer.poll(0)
        assert producer.flush(60) == 0
        assert refused == []
        self.published += len(events)

    def query(self, statement: str) -> list[dict[str, Any]]:
        """Return the rows of a query."""
        client = connect(self.clickhouse.using(self.name))
        try:
            return [dict(row) for row in rows(client, statement)]
        finally:
            client.close()

    def change(self, statement: str) -> None:
        """Run a statement that changes the database."""
        client = connect(self.clickhouse.using(self.name))
        execute(client, statement)
        client.close()

    def wait_until_drained(self, timeout: float = DRAIN_SEC) -> None:
        """Wait until every record has a disposition and ClickHouse has inserted all row messages."""
        group = {"bootstrap.servers": self.bootstrap, "group.id": f"{self.name}.rows"}
        consumer = Consumer(group)
        place = TopicPartition(self.topics["rows"], 0)

        def look() -> Probe:
            found = self.query("SELECT count() AS rows FROM record_dispositions")[0]["rows"]
            end = consumer.get_watermark_offsets(place, timeout=10)[1]
            committed = consumer.committed([place], timeout=10)[0].offset
            missing = f"{found} of {self.published} dispositions, {committed} of {end} row messages"
            return Probe(found >= self.published and committed == end, missing)

        try:
            wait_until(look, timeout=timeout, message=f"{self.name} to drain", hint="See the logs of the stack.")
        finally:
            consumer.close()
        self.require_each_once()

    def require_each_once(self) -> None:
        """Fail unless every record has exactly one disposition."""
        counted = (
            "SELECT count() AS rows, uniqExact(source_partition, source_offset) AS records FROM record_dispositions"
        )
        assert self.query(counted) == [{"rows": self.published, "records": self.published}]

    def fill_reference(self, name: str, events: Sequence[Event]) -> None:
        """Create a database with what the local runner's core makes of the same events, undisturbed."""
        self.make_database(name, kafka=False)
        where = {"CLICKHOUSE_URL": self.clickhouse.url, "CLICKHOUSE_USER": self.clickhouse.user}
        settings = from_environment({**where, "CLICKHOUSE_DATABASE": name})
        sink, processor = ClickHouseSink(settings.sink), build_processor(settings)
        for batch in _batches(self.topics["input"], events, self.partitions):
            work = process_batch(processor, batch)
            for table, lines in {**work.rows, DISPOSITIONS: work.dispositions}.items():
                for request in requests(work.span, table, lines, 50_000, 50_000_000):
                    sink.insert(request)
        sink.close()


def _batches(topic: str, events: Sequence[Event], partitions: int) -> Iterator[Batch]:
    """Yield one batch with all events, at the positions that they have in their partitions."""
    ends: Counter[int] = Counter()
    records = []
    for event, value in events:
        partition = crc32(event.key or b"") % partitions
        records.append(Record(topic, partition, ends[partition], event.publish_ms, value))
        ends[partition] += 1
    yield Batch(Span(topic, 0, 0, len(records) - 1, 1_790_000_000_000), records)


@contextmanager
def flink_database(
    name: str, home: Path, bootstrap: str, clickhouse: WarehouseSettings, partitions: int = 4
) -> Iterator[FlinkDatabase]:
    """Topics and a database; the database is dropped afterwards, so that its consumers end."""
    made = FlinkDatabase(name, home, bootstrap, clickhouse, partitions)
    made.create()
    try:
        yield made
    finally:
        server = connect(clickhouse)
        execute(server, f"DROP DATABASE {name} SYNC")
        server.close()
