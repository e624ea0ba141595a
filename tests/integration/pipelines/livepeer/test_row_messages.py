"""ClickHouse makes of the job's row messages what the local runner inserts, however often they come."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from pipelines.livepeer.event import Record
from streamproof.model.stack import StackState
from streamproof.packs.loading import load_pack
from streamproof.sql.blocks import Block
from streamproof.sql.projections import read_projections
from streamproof.warehouse.clickhouse.client import connect, execute
from streamproof.warehouse.clickhouse.migrations import apply_migrations
from tests.unit.pipelines.livepeer.flink.simulated_job import SimulatedJob

from .conftest import NUMBERS, Pipeline
from .test_content import assert_same, content, processed, records

pytestmark = pytest.mark.engine

DISPOSITIONS = "SELECT count() AS rows, uniqExact(source_offset) AS records FROM record_dispositions"


class Fed(Pipeline):
    """A database whose rows come through a topic."""

    @property
    def rows_topic(self) -> str:
        return f"{self.name}.rows"

    def create(self) -> None:
        admin = AdminClient({"bootstrap.servers": self.stack.bootstrap_servers})
        for created in admin.create_topics([NewTopic(self.rows_topic, 1, 1)]).values():
            created.result()
        server = connect(self.stack.clickhouse)
        execute(server, f"CREATE DATABASE {self.name}")
        server.close()

    def apply_schema(self) -> None:
        variables = {
            "kafka": True,
            "retention": False,
            "kafka_bootstrap": self.stack.bootstrap_servers,
            "input_topic": f"{self.name}.none",
            "raw_group": f"{self.name}.raw",
            "kafka_settings": {},
            "topics": {"rows": self.rows_topic},
            "groups": {"rows": f"{self.name}.rows"},
        }
        client = connect(self.stack.clickhouse.using(self.name))
        apply_migrations(client, self.home / "include/sql/livepeer/schema", variables)
        client.close()

    def send(self, messages: list[bytes]) -> None:
        producer = Producer({"bootstrap.servers": self.stack.bootstrap_servers})
        for message in messages:
            producer.produce(self.rows_topic, message)
        assert producer.flush(60) == 0

    def wait_until_inserted(self, messages: int) -> None:
        """Wait until ClickHouse has committed so many messages, which it does after their rows are inserted."""
        consumer = Consumer({"bootstrap.servers": self.stack.bootstrap_servers, "group.id": f"{self.name}.rows"})

        def committed() -> int:
            return int(consumer.committed([TopicPartition(self.rows_topic, 0)], timeout=60)[0].offset)

        try:
            self.wait_for(lambda: committed() == messages, f"{messages} messages committed")
        finally:
            consumer.close()


@pytest.fixture(scope="module")
def projections(home: Path) -> tuple[Block, ...]:
    """Those of every layer but the first, which Kafka fills."""
    found = read_projections(home / "include/sql/livepeer/content", load_pack(home, "livepeer").layers)
    return tuple(projection.block for projection in found if projection.layer != "raw")


@pytest.fixture
def fed(stack: StackState, home: Path, tmp_path: Path) -> Iterator[Fed]:
    made = Fed(stack, home, tmp_path, f"test_{next(NUMBERS)}")
    made.create()
    made.apply_schema()
    yield made
    server = connect(stack.clickhouse)
    execute(server, f"DROP DATABASE {made.name} SYNC")
    server.close()


def messages_of(home: Path, fixture_set: str, topic: str) -> list[bytes]:
    job = SimulatedJob(1)
    for offset, (event, value) in enumerate(records(home, fixture_set)):
        job.receive(Record(topic, 0, offset, event.publish_ms, value))
    job.finish()
    return [orjson.dumps(message) for message in job.messages]


@pytest.mark.parametrize("fixture_set", ["golden", "hostile"])
def test_messages_become_the_rows_of_the_local_runner_however_often_they_come(
    fed: Fed, stack: StackState, home: Path, tmp_path: Path, projections: tuple[Block, ...], fixture_set: str
) -> None:
    replay = records(home, fixture_set)
    messages = messages_of(home, fixture_set, "in")
    fed.send(messages)
    fed.wait_until_inserted(len(messages))
    with processed(stack, home, tmp_path, replay) as local:
        assert_same(fed, local, projections)
        before = content(fed, projections)
        # Again from the middle, as after a restore; then all in another order, and each twice in one block.
        repeated = [
            *messages[len(messages) // 2 :],
            *random.Random(7).sample([*messages, *messages], 2 * len(messages)),
        ]
        fed.send(repeated)
        fed.wait_until_inserted(len(messages) + len(repeated))
        assert fed.query(DISPOSITIONS) == [{"rows": len(replay), "records": len(replay)}]
        assert content(fed, projections) == before
