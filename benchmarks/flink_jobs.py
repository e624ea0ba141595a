"""The two jobs that are compared on Flink, and how one run of a job is measured by what it writes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from pipelines.livepeer.tables import DISPOSITIONS
from streamproof.flink.bundle import ENTRY_CLASS, make_bundle, python_arguments
from streamproof.flink.client import FlinkClient
from streamproof.model.stack import StackState
from streamproof.model.waiting import Probe, wait_until
from streamproof.services.flink_setup import TASK_MANAGER
from streamproof.transport.kafka.topics import TOPIC_CONFIG

INPUT = "input"
TIMEOUT_SEC = 900.0
FREE_SEC = 60.0
# 2100-01-01, Unix milliseconds: later than all events.
TAIL_MS = 4_102_444_800_000
# Flink's sink keeps the events' own times. These are the broker's times of writing.
_OUTPUT_CONFIG = {**TOPIC_CONFIG, "message.timestamp.type": "LogAppendTime"}


@dataclass(frozen=True)
class BenchJob:
    """A job of Python modules. A message of its rows topic that contains `mark` is the end of one record."""

    name: str
    module: str
    bundle: Path
    mark: bytes


@dataclass(frozen=True)
class Written:
    """How many records were written, how many seconds from the first to the last one, and when that was (epoch ms).

    `cpu_sec` is the CPU time of all task managers meanwhile, their share of the start included. On a loaded machine it
    varies far less than `seconds`.
    """

    records: int
    seconds: float
    last_ms: int
    cpu_sec: float

    @property
    def per_sec(self) -> float:
        """Records per second."""
        return self.records / self.seconds

    @property
    def per_cpu_sec(self) -> float:
        """Records per CPU second of the task managers."""
        return self.records / self.cpu_sec


def pipeline_job(home: Path, scratch: Path) -> BenchJob:
    """Return the pack's own job. A record is written when its disposition is, which leaves last."""
    module = "pipelines.livepeer.flink.job"
    bundle = make_bundle("livepeer", home / "include", scratch, module=module, packages=["pipelines"])
    return BenchJob("livepeer", module, bundle, f'"{DISPOSITIONS}":['.encode())


def peer_job(home: Path, scratch: Path) -> BenchJob:
    """Return the pass-through job, with the pack's modules for the same source and sink."""
    folder = scratch / "peer"
    shutil.copytree(home / "include/pipelines", folder / "pipelines", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(home / "benchmarks/flink_peer/pass_through.py", folder)
    return BenchJob("peer", "pass_through", make_bundle("peer", folder, scratch, module="pass_through"), b'"id":')


@contextmanager
def running(
    client: FlinkClient, state: StackState, job: BenchJob, name: str, parallelism: int
) -> Iterator[tuple[str, str]]:
    """Run a job on topics and in a group of this name; yield its id and its rows topic. It is cancelled at the end."""
    topics = {role: f"{name}.{role}" for role in ("dlq", "quarantine", "rows")}
    make_topics(state, dict.fromkeys(topics.values(), 1))
    jar = client.upload(job.bundle)
    arguments = [
        f"QUALITY_KAFKA_BOOTSTRAP={state.bootstrap_servers}",
        f"QUALITY_INPUT_TOPIC={INPUT}",
        f"QUALITY_DLQ_TOPIC={topics['dlq']}",
        f"QUALITY_QUARANTINE_TOPIC={topics['quarantine']}",
        f"QUALITY_ROWS_TOPIC={topics['rows']}",
        f"QUALITY_GROUP_ID={name}",
    ]
    job_id = client.run(
        jar.id,
        entry_class=ENTRY_CLASS,
        arguments=python_arguments(job.module, bundle=jar.path, arguments=arguments),
        parallelism=parallelism,
        configuration={"python.files": jar.path},
    )
    try:
        yield job_id, topics["rows"]
    finally:
        client.cancel(job_id)
        _wait_for_free_slots(client)


def make_topics(state: StackState, partitions: dict[str, int]) -> None:
    """Create topics by their number of partitions; their records have the broker's time, those of the input theirs."""
    topics = [
        NewTopic(name, count, 1, config=TOPIC_CONFIG if name == INPUT else _OUTPUT_CONFIG)
        for name, count in partitions.items()
    ]
    admin = AdminClient({"bootstrap.servers": state.bootstrap_servers, "log_level": 0})
    for created in admin.create_topics(topics).values():
        created.result()


def publish_tail(state: StackState, topic: str, partitions: int) -> None:
    """Publish an event of an unknown type to each partition, later than all others.

    Without it, the pipeline waits for a while at the end whether earlier events will still arrive. That is no part of a
    rate.
    """
    producer = Producer({"bootstrap.servers": state.bootstrap_servers, "log_level": 0})
    for partition in range(partitions):
        value = orjson.dumps({"id": f"tail-{partition}", "type": "tail", "timestamp": str(TAIL_MS), "data": {}})
        producer.produce(topic, value, None, partition, timestamp=TAIL_MS)
    if producer.flush(FREE_SEC):
        raise RuntimeError("the last events were not published")


def wait_for_records(
    client: FlinkClient, state: StackState, job: BenchJob, job_id: str, topic: str, events: int
) -> Written:
    """Read the rows topic until it holds the end of each record. A job that fails or restarts is an error."""
    consumer = Consumer({"bootstrap.servers": state.bootstrap_servers, "group.id": f"{topic}.bench"})
    consumer.assign([TopicPartition(topic, 0, 0)])
    found, times, before = 0, [], _cpu_sec(state)

    def look() -> Probe:
        nonlocal found
        for message in consumer.consume(50_000, timeout=0.2):
            if message.error():
                raise RuntimeError(message.error().str())
            if job.mark in message.value():
                found += 1
            times.append(message.timestamp()[1])
        if client.state(job_id) not in ("RUNNING", "CREATED"):
            raise RuntimeError(f"job {job.name} is {client.state(job_id)}: {client.failures(job_id)}")
        return Probe(found >= events, f"{found} of {events} records")

    try:
        wait_until(look, timeout=TIMEOUT_SEC, message=f"job {job.name}", hint="")
    finally:
        consumer.close()
    if found != events or client.checkpoints(job_id).counts.restored:
        raise RuntimeError(f"job {job.name} wrote {found} of {events} records, or restarted")
    return Written(found, (max(times) - min(times)) / 1000, max(times), _cpu_sec(state) - before)


def _cpu_sec(state: StackState) -> float:
    """Return the CPU seconds that the task managers have used since their start."""
    ticks = 0
    for service in state.services:
        if service.name.startswith(TASK_MANAGER):
            # The name of the process is in parentheses and may contain blanks; user and system time are the 12th and
            # 13th field after it.
            fields = Path(f"/proc/{service.process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _wait_for_free_slots(client: FlinkClient) -> None:
    def look() -> Probe:
        overview = client.overview()
        return Probe(overview.free_slots == overview.slots, f"{overview.slots - overview.free_slots} slots are taken")

    wait_until(look, timeout=FREE_SEC, message="a free cluster", hint="")
