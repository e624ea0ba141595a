"""A series of records is in its topic exactly once, whatever kills the process that publishes it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from confluent_kafka import Producer, TopicPartition

from streamproof.model.errors import StackError
from streamproof.model.stack import StackState
from streamproof.model.waiting import wait_until
from streamproof.runtime.stack import StackSpec, own_identity, start_stack, stop_stack
from streamproof.transport.base import Numbered, OutgoingRecord
from streamproof.transport.kafka import read_back
from streamproof.transport.kafka.admin import admin_of
from streamproof.transport.kafka.port import TRANSPORT

pytestmark = pytest.mark.engine
COUNT = 120
TOPICS = ("killed", "fenced", "open", "twice", "paced", "dropped")
# A process of its own publishes the series, and kills itself: at a record, or when so many records are visible.
SCRIPT = """
import os, signal, sys
from streamproof.model.settings import KafkaSettings
from streamproof.transport.base import Numbered
from streamproof.transport.kafka.port import TRANSPORT
from tests.integration.transport.kafka.test_publish_once import records

servers, where, number = sys.argv[1], sys.argv[2], int(sys.argv[3])

def die(): os.kill(os.getpid(), signal.SIGKILL)

def until_death():
    for count, record in enumerate(records()):
        if where == "record" and count == number: die()
        yield record

def watch(visible):
    if where == "visible" and visible >= number: die()

series = Numbered("killed", "series-1", "writer-1", {0: 0, 1: 0}, batch=10)
TRANSPORT.publish_once(KafkaSettings(servers), series, until_death(), watch=watch)
"""


def records() -> Iterator[OutgoingRecord]:
    for number in range(COUNT):
        yield OutgoingRecord(b"%d" % number, key=b"k%d" % (number % 7), milliseconds=1_772_226_000_000 + number)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path, home: Path) -> Iterator[StackState]:
    """A broker (and ClickHouse) without a processor."""
    folder = tmp_path_factory.mktemp("stack")
    partitions = {"killed": 2}
    spec = StackSpec("once", str(folder), str(cache_dir), str(home), topics=TOPICS[1:], owner=own_identity())
    try:
        state = start_stack(spec, timeout=90)
        TRANSPORT.create_topics(state.kafka, ["killed"], timeout=20, partitions=partitions)
        yield state
    finally:
        stop_stack(folder, timeout=20)


def values(stack: StackState, topic: str) -> list[bytes | None]:
    return [record.value for record in TRANSPORT.read(stack.kafka, topic)]


def test_a_process_that_is_killed_again_and_again_loses_and_repeats_nothing(stack, home):
    """In a transaction, after one, and at the last record."""
    visible = []
    for where, number in (("record", 25), ("visible", 50), ("record", COUNT - 1)):
        command = [sys.executable, "-c", SCRIPT, stack.kafka.bootstrap_servers, where, str(number)]
        ended = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False)
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        # What the dead process left open is not visible, and the brokers end it for the next one.
        visible.append(len(values(stack, "killed")))
    assert visible == [20, 50, 110]
    series = Numbered("killed", "series-1", "writer-1", {0: 0, 1: 0}, batch=10)
    positions = TRANSPORT.publish_once(stack.kafka, series, records())
    assert len(positions) == len(set(positions)) == COUNT
    found = list(TRANSPORT.read(stack.kafka, "killed"))
    assert sorted(int(record.value or b"") for record in found) == list(range(COUNT))
    by_key: dict[bytes | None, list[int]] = {}
    for record in found:
        by_key.setdefault(record.key, []).append(int(record.value or b""))
        assert record.milliseconds == 1_772_226_000_000 + int(record.value or b"")
    assert all(numbers == sorted(numbers) for numbers in by_key.values())
    assert {record.partition for record in found} == {0, 1}
    again = TRANSPORT.publish_once(stack.kafka, series, records())
    assert again == positions
    assert len(values(stack, "killed")) == COUNT


def test_whoever_begins_later_stops_the_one_before(stack):
    series = Numbered("fenced", "series-1", "writer-2", {0: 0}, batch=10)

    def overtaken(visible: int) -> None:
        if visible == 20:
            TRANSPORT.publish_once(stack.kafka, series, records())

    with pytest.raises(StackError) as stopped:
        TRANSPORT.publish_once(stack.kafka, series, records(), watch=overtaken)
    assert "Another process has taken over this replay" in stopped.value.hint
    assert len(values(stack, "fenced")) == COUNT


def test_the_transaction_of_another_program_hides_nothing(stack, monkeypatch):
    """Its end is waited for: records behind it would be taken for missing, and be sent again."""
    series = Numbered("open", "series-1", "writer-3", {0: 0}, batch=50)
    other = Producer({**stack.kafka.client_config(), "transactional.id": "other", "log_level": 0})
    waited = []

    def begin_at_50(visible: int) -> None:
        if visible == 50:
            other.init_transactions(20)
            other.begin_transaction()
            other.produce("open", b"foreign")
            other.flush(10)

    def end_it(look, **options):
        waited.append(look())
        if not waited[-1].done:
            other.abort_transaction(20)
        return wait_until(look, **options)

    monkeypatch.setattr(read_back, "wait_until", end_it)
    positions = TRANSPORT.publish_once(stack.kafka, series, records(), watch=begin_at_50)
    assert [probe.done for probe in waited] == [True, False]
    assert len(positions) == COUNT
    assert sorted(int(value or b"") for value in values(stack, "open")) == list(range(COUNT))


def test_a_number_that_is_there_twice_is_an_error(stack):
    series = Numbered("twice", "series-1", "writer-4", {0: 0})
    TRANSPORT.publish_once(stack.kafka, series, records())
    TRANSPORT.publish_once(stack.kafka, replace(series, since={0: COUNT + 1}), records())
    with pytest.raises(StackError, match="Record 0 of series-1 is in topic twice twice"):
        TRANSPORT.read_back(stack.kafka, series)
    with pytest.raises(StackError, match="not number 0"):
        TRANSPORT.read_back(stack.kafka, replace(series, since={0: COUNT + 2}))
    with pytest.raises(StackError, match="nowhere"):
        TRANSPORT.read_back(stack.kafka, replace(series, topic="nowhere"))


def test_a_rate_is_kept_and_what_is_sent_becomes_visible_every_second(stack):
    seen: list[int] = []
    series = Numbered("paced", "series-1", "writer-5", {0: 0}, rate=100.0)
    TRANSPORT.publish_once(stack.kafka, series, records(), watch=seen.append)
    times = [int(message) for message in seen]
    assert times == [0, 100, COUNT]


def test_what_a_topic_has_dropped_is_seen_and_what_is_left_is_read(stack):
    series = Numbered("dropped", "series-1", "writer-6", {0: 0})
    TRANSPORT.publish_once(stack.kafka, series, records())
    [(_, (first, end))] = TRANSPORT.retained(stack.kafka, "dropped").items()
    # The marker of the transaction has an offset, too.
    assert (first, end) == (0, COUNT + 1)
    admin = admin_of(stack.kafka)
    [answer] = admin.delete_records([TopicPartition("dropped", 0, 100)]).values()
    answer.result(20)
    assert TRANSPORT.retained(stack.kafka, "dropped") == {0: (100, end)}
    left = list(TRANSPORT.read(stack.kafka, "dropped", {0: (100, 110)}))
    assert [record.offset for record in left] == list(range(100, 110))
    with pytest.raises(StackError, match="not number 0"):
        TRANSPORT.read_back(stack.kafka, series)
