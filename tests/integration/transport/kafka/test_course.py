"""A replay with a pace, in several partitions, and one that goes on where another was interrupted."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition

from streamproof.fixtures.timing.pace import Pace
from streamproof.model.fixture import FixtureEvent, FixtureSession
from streamproof.model.stack import StackState
from streamproof.runtime.stack import StackSpec, own_identity, start_stack, stop_stack
from streamproof.transport.base import Course
from streamproof.transport.kafka.port import Kafka
from streamproof.transport.kafka.producer import publish

pytestmark = pytest.mark.engine
PARTITIONS = {"paced": 1, "streams": 3, "resumed": 3}
SESSION = FixtureSession("s", "1", "a.jsonl")
KAFKA = Kafka()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path, home: Path) -> Iterator[StackState]:
    """A broker (and ClickHouse) without a processor."""
    folder = tmp_path_factory.mktemp("stack")
    spec = StackSpec("course", str(folder), str(cache_dir), str(home), topics=(), owner=own_identity())
    try:
        state = start_stack(spec, timeout=90)
        KAFKA.create_topics(state.kafka, PARTITIONS, timeout=30, partitions=PARTITIONS)
        yield state
    finally:
        stop_stack(folder, timeout=20)


def records(count: int, *, every_ms: int = 0, streams: int = 1) -> list[tuple[FixtureEvent, bytes]]:
    return [
        (
            FixtureEvent(
                SESSION, n, f"id-{n}", "t", None, 1_000_000 + n * every_ms, b"stream-%d" % (n % streams), 0, 0,
                headers=(("own", b"%d" % n), ("none", None)),
            ),
            b"value-%d" % n,
        )
        for n in range(count)
    ]  # fmt: skip


def sequence(record) -> int:
    return int(dict(record.headers)["sp-sequence"])


def test_records_arrive_at_their_time_and_the_error_is_measured(stack):
    arrived: list[float] = []
    consumer = Consumer(stack.kafka.client_config(group_id="paced", enable_auto_commit=False, fetch_wait_max_ms=10))
    consumer.assign([TopicPartition("paced", 0, 0)])

    def listen() -> None:
        end = time.monotonic() + 60
        while len(arrived) < 12 and time.monotonic() < end:
            if consumer.poll(0.1) is not None:
                arrived.append(time.monotonic())

    listener = threading.Thread(target=listen)
    listener.start()
    pace, started = Pace(2.0), time.monotonic()
    published = publish(stack.kafka, "paced", records(12, every_ms=200), run_id="p", course=Course(pace=pace))
    listener.join()
    consumer.close()
    # Twelve records at 0.1 s: none arrives before its time, and none waits for the last one.
    assert published.duration_sec >= 1.1
    assert all(moment - started >= 0.1 * number for number, moment in enumerate(arrived))
    assert arrived[11] - arrived[5] > 0.1
    errors = pace.errors.as_json()
    assert pace.errors.counts.total() == 12
    assert 0 <= errors["median_ms"] <= errors["p99_ms"] <= errors["max_ms"] < 1_000 * published.duration_sec


def test_each_stream_keeps_its_order_in_one_of_several_partitions_and_headers_travel(stack):
    sent = records(3_000, streams=40)
    published = publish(stack.kafka, "streams", sent, run_id="r")
    found = list(KAFKA.read(stack.kafka, "streams"))
    assert len(found) == published.acknowledged == 3_000
    by_stream = defaultdict(list)
    for record in found:
        number = sequence(record)
        by_stream[record.key].append((record.partition, number))
        event, value = sent[number]
        assert (record.key, record.value, record.milliseconds) == (event.key, value, event.publish_ms)
        assert record.headers == (("sp-run-id", b"r"), ("sp-sequence", b"%d" % number), *event.headers)
        assert (published.partitions[number], published.offsets[number]) == (record.partition, record.offset)
        assert KAFKA.partition_of(event.key, 3) == record.partition
    assert len({record.partition for record in found}) == 3
    for places in by_stream.values():
        assert len({partition for partition, _ in places}) == 1
        assert places == sorted(places)


def test_what_has_arrived_is_not_published_again(stack):
    sent = records(900, streams=40)
    places: dict[int, list[int]] = defaultdict(list)
    for number, (event, _) in enumerate(sent):
        places[KAFKA.partition_of(event.key, 3)].append(number)
    arrived = {0: 5, 1: len(places[1])}
    heard: dict[int, list[int]] = defaultdict(list)
    course = Course(
        arrived=arrived, resumable=True, on_acknowledged=lambda partition, offsets: heard[partition].extend(offsets)
    )
    published = publish(stack.kafka, "resumed", sent, run_id="r", course=course)
    found: dict[int, list[int]] = defaultdict(list)
    for record in KAFKA.read(stack.kafka, "resumed"):
        found[record.partition].append(sequence(record))
    assert found == {0: places[0][5:], 2: places[2]}
    assert published.acknowledged == sum(map(len, found.values()))
    assert heard == {0: list(range(len(found[0]))), 2: list(range(len(found[2])))}
