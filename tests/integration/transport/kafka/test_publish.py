"""Publishing to a real broker: every value, header, key, time and order, and what happens when the broker goes away."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import TIMESTAMP_CREATE_TIME, Consumer, Message, TopicPartition

from packs.livepeer.generator import generate_load
from streamproof.fixtures.importing.records import Record
from streamproof.fixtures.importing.set_writer import SetWriter
from streamproof.fixtures.ordering import ReplayPlan, plan_replay
from streamproof.model.errors import FixtureError, StackError
from streamproof.model.fixture import ReplayRules, ValueRules
from streamproof.model.stack import StackState
from streamproof.runtime.stack import StackSpec, own_identity, start_stack, stop_stack
from streamproof.scaffold.topics import records_of
from streamproof.transport.kafka import sending
from streamproof.transport.kafka.groups import Groups
from streamproof.transport.kafka.port import Kafka
from streamproof.transport.kafka.producer import end_offsets, publish

pytestmark = pytest.mark.engine
RULES = ReplayRules(
    first_types=("network_capabilities",),
    key_field="stream_id",
    event_table="streaming_events",
    id_field="workflow_session_id",
)
TOPICS = ("whole", "golden", "hostile", "twice", "groups", "lost", "carried", "empty", "interrupted")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path, home: Path) -> Iterator[StackState]:
    """A broker (and ClickHouse) without a processor."""
    folder = tmp_path_factory.mktemp("stack")
    spec = StackSpec("publish", str(folder), str(cache_dir), str(home), topics=TOPICS, owner=own_identity())
    try:
        yield start_stack(spec, timeout=90)
    finally:
        stop_stack(folder, timeout=20)


def read_plan(home: Path, kind: str) -> ReplayPlan:
    return plan_replay(home / "include" / "fixtures" / "livepeer" / kind / "manifest.json", RULES)


def test_a_topic_is_read_from_its_beginning_to_its_end(stack, home):
    plan = read_plan(home, "hostile")
    publish(stack.kafka, "whole", plan.records(), run_id="run-1")
    found = list(Kafka().read(stack.kafka, "whole"))
    assert [(record.partition, record.offset) for record in found] == [
        (0, number) for number in range(len(plan.events))
    ]
    assert [record.value for record in found] == [value for _, value in plan.records()]
    assert Groups(stack.kafka).end_offsets("whole") == {0: len(plan.events)}
    assert list(Kafka().read(stack.kafka, "empty")) == []


def test_an_interrupt_within_a_delivery_callback_is_raised_as_one(stack, home, monkeypatch):
    class Interrupted(sending._Partition):
        def __init__(self):
            super().__init__()
            deliver = self.on_delivery

            def on_delivery(error, message):
                deliver(error, message)
                signal.raise_signal(signal.SIGINT)

            self.on_delivery = on_delivery

    monkeypatch.setattr(sending, "_Partition", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        publish(stack.kafka, "interrupted", read_plan(home, "golden").records(), run_id="run-1")


def consume(stack: StackState, topic: str, count: int) -> list[Message]:
    consumer = Consumer(stack.kafka.client_config(group_id="reader", enable_auto_commit=False))
    consumer.assign([TopicPartition(topic, 0, 0)])
    messages: list[Message] = []
    try:
        while len(messages) < count and (batch := consumer.consume(count, timeout=10)):
            messages += batch
    finally:
        consumer.close()
    return messages


@pytest.mark.parametrize("kind", ["golden", "hostile"])
def test_what_was_published_is_what_the_broker_holds(stack, home, kind):
    plan = read_plan(home, kind)
    published = publish(stack.kafka, kind, plan.records(), run_id="run-1")
    count = len(plan.events)
    assert (published.acknowledged, list(published.offsets)) == (count, list(range(count)))
    assert (published.start_offsets, published.end_offsets) == ({0: 0}, {0: count})
    assert end_offsets(stack.kafka, kind) == published.end_offsets

    messages = consume(stack, kind, count)
    assert [message.value() for message in messages] == [value for _, value in plan.records()]
    assert [message.key() for message in messages] == [event.key for event in plan.events]
    assert [message.timestamp() for message in messages] == [
        (TIMESTAMP_CREATE_TIME, event.publish_ms) for event in plan.events
    ]
    assert [message.headers() for message in messages] == [
        [("sp-run-id", b"run-1"), ("sp-sequence", str(sequence).encode())] for sequence in range(count)
    ]


def test_a_topic_is_read_as_it_was_filled_key_headers_and_time_included(stack, tmp_path):
    """From a file of events to the topic, and from there to a second fixture set: nothing is lost on the way."""
    records = [
        Record(b'{"a": 1.0}', 1, b"k", (("h", b"1"), ("h", None), ("odd", b"\xff")), 1_700_000_000_123),
        Record(None, 2, b"\xfe", (), 1_700_000_000_124),
        Record(b"\xff", 3, None, (), 1_700_000_000_125),
    ]
    with SetWriter(tmp_path / "set", fallback_ms=None) as writer:
        for record in records:
            writer.add(record, "", None)
        writer.finish()
    plan = plan_replay(tmp_path / "set" / "manifest.json", ReplayRules(values=ValueRules(untyped="events")))
    publish(stack.kafka, "carried", plan.records(), run_id="run-1")
    assert list(records_of(stack.kafka, "carried")) == records
    with pytest.raises(FixtureError, match="Topic empty holds no record"):
        list(records_of(stack.kafka, "empty"))


def test_a_second_replay_starts_where_the_first_ended(stack, home):
    plan = read_plan(home, "golden")
    first = publish(stack.kafka, "twice", plan.records(), run_id="a")
    second = publish(stack.kafka, "twice", plan.records(), run_id="b")
    assert second.start_offsets == first.end_offsets
    assert second.offsets[0] == len(plan.events)


def test_a_topic_that_does_not_exist_is_named(stack, home):
    with pytest.raises(StackError, match="nowhere"):
        publish(stack.kafka, "nowhere", read_plan(home, "golden").records(), run_id="a")


def test_groups_are_seen_as_they_come_and_commit(stack, home):
    groups = Groups(stack.kafka)
    assert groups.partitions("groups") == {0}
    assert groups.state("readers", "groups").missing(frozenset({0})) != ""
    assert groups.committed("readers", "groups", [0]) == {}
    plan = read_plan(home, "golden")
    publish(stack.kafka, "groups", plan.records(), run_id="a")
    consumer = Consumer(
        stack.kafka.client_config(group_id="readers", auto_offset_reset="earliest", enable_auto_commit=False)
    )
    try:
        consumer.subscribe(["groups"])
        assert len(consumer.consume(len(plan.events), timeout=30)) == len(plan.events)
        assert groups.state("readers", "groups").missing(frozenset({0})) == ""
        assert (
            groups.state("readers", "groups").missing(frozenset({0, 1}))
            == "group readers has no consumer for partition 1"
        )
        consumer.commit(asynchronous=False)
        assert groups.committed("readers", "groups", [0]) == {0: len(plan.events)}
    finally:
        consumer.close()


def test_what_the_watch_raises_ends_the_replay_at_once(stack, tmp_path):
    plan = plan_replay(generate_load(3_000, tmp_path), RULES)
    looks = []

    def watch() -> None:
        looks.append(1)
        if len(looks) == 2:
            raise StackError("clickhouse has died.", hint="Look at its log.")

    with pytest.raises(StackError, match="clickhouse has died"):
        publish(stack.kafka, "lost", plan.records(), run_id="a", watch=watch)
    assert len(looks) == 2


def test_a_broker_that_dies_is_an_error_with_counts(home, tmp_path, cache_dir):
    folder = tmp_path / "stack"
    spec = StackSpec("dies", str(folder), str(cache_dir), str(home), topics=("in",), owner=own_identity())
    plan = plan_replay(generate_load(20_000, tmp_path / "load"), RULES)
    try:
        state = start_stack(spec, timeout=90)
        (broker,) = [service.process.pid for service in state.services if service.name == "kafka"]

        def records():
            for number, record in enumerate(plan.records()):
                if number == 5_000:
                    os.kill(broker, signal.SIGKILL)
                yield record

        with pytest.raises(StackError, match=r"Kafka acknowledged \d+( of 20000)? records\. \d+ were not delivered"):
            publish(state.kafka, "in", records(), run_id="a", delivery_timeout_ms=3_000)
    finally:
        stop_stack(folder, timeout=20)
