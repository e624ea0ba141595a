"""A real broker and a real ClickHouse, and the processor as a process of its own between them."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from streamproof.model.stack import StackState
from streamproof.model.waiting import Probe, wait_until
from streamproof.runtime.stack import StackSpec, own_identity, start_stack, stop_stack
from streamproof.warehouse.clickhouse.client import connect, execute, rows
from streamproof.warehouse.clickhouse.migrations import apply_migrations

TIMEOUT = 60.0
HINT = "See the processor's log in the test's folder."
NUMBERS = itertools.count()


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path, home: Path) -> Iterator[StackState]:
    """Broker and ClickHouse for all tests of this folder; each has topics and a database of its own."""
    folder = tmp_path_factory.mktemp("stack")
    spec = StackSpec("processor-tests", str(folder), str(cache_dir), str(home), owner=own_identity())
    yield start_stack(spec, timeout=TIMEOUT)
    stop_stack(folder, timeout=20)


@dataclass
class Pipeline:
    """Topics, a database, and the processor's settings for them; starts and stops processors."""

    stack: StackState
    home: Path
    folder: Path
    name: str
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    changes: dict[str, str] = field(default_factory=dict)

    @property
    def topic(self) -> str:
        return f"{self.name}.in"

    @property
    def status_file(self) -> Path:
        return self.folder / "status.json"

    @property
    def log(self) -> Path:
        return self.folder / "processor.log"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "QUALITY_KAFKA_BOOTSTRAP": self.stack.bootstrap_servers,
            "QUALITY_INPUT_TOPIC": self.topic,
            "QUALITY_DLQ_TOPIC": f"{self.name}.dlq",
            "QUALITY_QUARANTINE_TOPIC": f"{self.name}.quarantine",
            "QUALITY_GROUP_ID": f"{self.name}.group",
            "CLICKHOUSE_URL": self.stack.clickhouse.url,
            "CLICKHOUSE_USER": self.stack.clickhouse_user,
            "CLICKHOUSE_DATABASE": self.name,
            "PROCESSOR_STATUS_FILE": str(self.status_file),
            **self.changes,
        }

    def create(self) -> None:
        admin = AdminClient({"bootstrap.servers": self.stack.bootstrap_servers})
        topics = [NewTopic(f"{self.name}.{end}", 1, 1) for end in ("in", "dlq", "quarantine")]
        for created in admin.create_topics(topics).values():
            created.result()
        server = connect(self.stack.clickhouse)
        execute(server, f"CREATE DATABASE {self.name}")
        server.close()

    def apply_schema(self) -> None:
        client = connect(self.stack.clickhouse.using(self.name))
        apply_migrations(client, self.home / "include/sql/livepeer/schema", {"kafka": False, "retention": False})
        client.close()

    def publish(self, *values: object) -> None:
        producer = Producer({"bootstrap.servers": self.stack.bootstrap_servers, "message.max.bytes": 20_000_000})
        refused: list[str] = []

        def delivered(error: KafkaError | None, message: object) -> None:
            if error is not None:
                refused.append(error.str())

        for value in values:
            body = value if value is None or isinstance(value, bytes) else orjson.dumps(value)
            producer.produce(self.topic, body, on_delivery=delivered)
        assert producer.flush(TIMEOUT) == 0
        assert refused == []

    def start(self) -> subprocess.Popen[bytes]:
        self.status_file.unlink(missing_ok=True)
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "pipelines.livepeer.local"], env={**os.environ, **self.environment}, stderr=log
            )
        self.processes.append(process)
        return process

    def stop(self, process: subprocess.Popen[bytes]) -> int:
        process.send_signal(signal.SIGTERM)
        return process.wait(TIMEOUT)

    def status(self) -> dict[str, Any]:
        try:
            return orjson.loads(self.status_file.read_bytes())
        except FileNotFoundError:
            return {"state": "none", "processed": 0}

    def wait_for(self, look: Callable[[], Any], what: str) -> None:
        wait_until(lambda: Probe(bool(look()), what), timeout=TIMEOUT, message=what, hint=HINT)

    def wait_until_processed(self, records: int) -> None:
        """Wait until everything up to an offset is committed."""
        self.wait_for(lambda: self.committed() == records, f"{records} records committed")

    def committed(self) -> int | None:
        """The group's committed offset, None while a new broker still looks for the group's coordinator."""
        consumer = Consumer({"bootstrap.servers": self.stack.bootstrap_servers, "group.id": f"{self.name}.group"})
        try:
            return consumer.committed([TopicPartition(self.topic, 0)], timeout=TIMEOUT)[0].offset
        except KafkaException as error:
            if error.args[0].code() not in (KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_LOAD_IN_PROGRESS):
                raise
            return None
        finally:
            consumer.close()

    def query(self, statement: str, **parameters: object) -> list[dict[str, Any]]:
        client = connect(self.stack.clickhouse.using(self.name))
        try:
            return [dict(row) for row in rows(client, statement, parameters)]
        finally:
            client.close()

    def rejects(self, kind: str) -> list[dict[str, Any]]:
        """Everything in a reject topic."""
        consumer = Consumer(
            {
                "bootstrap.servers": self.stack.bootstrap_servers,
                "group.id": f"{self.name}.reader",
                "enable.partition.eof": True,
                "enable.auto.commit": False,
            }
        )
        consumer.assign([TopicPartition(f"{self.name}.{kind}", 0, 0)])
        found = []
        try:
            while True:
                message = consumer.poll(TIMEOUT)
                if message is None or message.error():
                    return found
                found.append(orjson.loads(message.value()))
        finally:
            consumer.close()


@pytest.fixture
def pipeline(stack: StackState, home: Path, tmp_path: Path) -> Iterator[Pipeline]:
    """Fresh topics and a database with the pack's schema; processors that still run are killed afterwards."""
    made = Pipeline(stack, home, tmp_path, f"test_{next(NUMBERS)}")
    made.create()
    made.apply_schema()
    yield made
    for process in made.processes:
        if process.poll() is None:
            process.kill()
            process.wait()
