"""Publish fixture events to Kafka, and record the offset that the broker acknowledged for each of them."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Iterable, Sequence

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from streamproof.fixtures.values import MAX_VALUE_BYTES
from streamproof.model.errors import StackError
from streamproof.model.fixture import FixtureEvent
from streamproof.model.settings import KafkaSettings
from streamproof.model.waiting import Probe, wait_until
from streamproof.transport.base import AS_FAST_AS_POSSIBLE, Course, Published
from streamproof.transport.kafka.sending import Sending

# A broker that is gone is reported after this time. A broker of this stack answers within milliseconds.
DELIVERY_TIMEOUT_MS = 20_000
METADATA_TIMEOUT_SEC = 10.0
# A key may be as large as a value; the rest is for headers, see `fixtures.lines.MAX_HEADER_BYTES`.
# The broker's own limit is far higher, see `topics.TOPIC_CONFIG`.
MAX_MESSAGE_BYTES = 2 * MAX_VALUE_BYTES + 65_536
QUEUE_MESSAGES = 200_000
QUEUE_KBYTES = 262_144

# The replay and the benchmark's bare loop share these options. One request in flight keeps the order, also when a
# request is sent again. Idempotence would do so too, but getting a producer id takes half a second. Without it, a
# record is written twice when the broker's first answer is lost; `_require_no_gap` finds that.
PRODUCER_OPTIONS: dict[str, object] = {
    "acks": "all",
    "max.in.flight.requests.per.connection": 1,
    "compression.type": "lz4",
    "linger.ms": 20,
    "batch.size": 1_000_000,
    "batch.num.messages": 20_000,
    "message.max.bytes": MAX_MESSAGE_BYTES,
    "queue.buffering.max.messages": QUEUE_MESSAGES,
    "queue.buffering.max.kbytes": QUEUE_KBYTES,
    # librdkafka would write its log to the terminal. Failures are raised instead, with a hint.
    "log_level": 0,
}


_NO_ANSWER = "Does a broker listen there? That of a local stack has its log in the run's stack/logs folder."
_MISSING_TOPIC = "The broker answers and has no such topic, or hides it from this user. Topics are not made here."


def end_offsets(settings: KafkaSettings, topic: str) -> dict[int, int]:
    """Return the end offset of every partition of a topic. Raises StackError when the broker does not answer."""
    config = {**settings.client_config(group_id="streamproof-offsets", enable_auto_commit=False), "log_level": 0}
    consumer = Consumer(config)
    found: dict[int, int] = {}
    answered = False

    def look() -> Probe:
        nonlocal answered
        try:
            partitions = consumer.list_topics(topic, timeout=METADATA_TIMEOUT_SEC).topics[topic].partitions
            answered = True
            for partition in partitions:
                requested = TopicPartition(topic, partition)
                found[partition] = consumer.get_watermark_offsets(requested, timeout=METADATA_TIMEOUT_SEC)[1]
        except KafkaException as error:
            # A topic that has just been created may have no leader yet.
            return Probe(False, error.args[0].str())
        return Probe(bool(found), "it does not exist")

    try:
        wait_until(
            look,
            timeout=METADATA_TIMEOUT_SEC,
            message=f"the offsets of topic {topic} at {settings.bootstrap_servers}",
            hint=lambda: _MISSING_TOPIC if answered and not found else _NO_ANSWER,
        )
    finally:
        consumer.close()
    return dict(sorted(found.items()))


def publish(
    settings: KafkaSettings,
    topic: str,
    records: Iterable[tuple[FixtureEvent, bytes | None]],
    *,
    run_id: str,
    watch: Callable[[], object] = lambda: None,
    delivery_timeout_ms: int = DELIVERY_TIMEOUT_MS,
    shared: bool = False,
    course: Course = AS_FAST_AS_POSSIBLE,
) -> Published:
    """Publish events with their values in the given order, and wait until the broker has acknowledged all of them.

    Headers are `sp-run-id` and `sp-sequence` (decimal digits, from 0), then the event's own. The Kafka timestamp is the
    event's `publish_ms`. `watch` is called regularly; an exception that it raises ends the replay. A record that is not
    acknowledged within `delivery_timeout_ms` counts as lost.
    With `shared`, others publish to the topic at the same time; the broker itself then refuses a record that is sent
    twice. Raises StackError, with the counts, when a record is not acknowledged, or the acknowledged offsets of a topic
    that is not shared have a gap.
    """
    started_at = end_offsets(settings, topic)
    options = {**PRODUCER_OPTIONS, "delivery.timeout.ms": delivery_timeout_ms, **_options(course, shared=shared)}
    producer = Producer({**settings.client_config(), **options})
    sending = Sending(producer, topic, run_id, len(started_at), watch, course)
    started = time.monotonic()
    try:
        partitions = sending.send(records)
        sending.wait_for_all()
    except BaseException:
        # Queued records must not be sent after the replay has failed, and must not delay the end of this process.
        producer.purge()
        sending.report()
        raise
    duration = time.monotonic() - started
    for partition, offsets in enumerate(sending.offsets):
        if not shared:
            _require_no_gap(topic, partition, offsets, started_at[partition])
    ends = {
        partition: offsets[-1] + 1 if offsets else started_at[partition]
        for partition, offsets in enumerate(sending.offsets)
    }
    by_partition = [iter(offsets) for offsets in sending.offsets]
    offsets = array("q", (next(by_partition[partition]) for partition in partitions))
    return Published(topic, len(offsets), partitions, offsets, started_at, ends, duration)


def _options(course: Course, *, shared: bool) -> dict[str, object]:
    """Return the options that depend on how records are published."""
    options: dict[str, object] = {"enable.idempotence": shared or course.resumable}
    if course.resumable:
        options["enable.gapless.guarantee"] = True
    if course.pace is not None:
        # A record leaves when it is due, and does not wait for others.
        options["linger.ms"] = 0
    return options


def _require_no_gap(topic: str, partition: int, offsets: Sequence[int], start: int) -> None:
    """Raise StackError unless the acknowledged offsets are consecutive, in the order of publishing."""
    for expected, offset in enumerate(offsets, start=start):
        if offset != expected:
            raise StackError(
                f"Partition {partition} of {topic} holds records that this replay did not publish, or published twice: "
                f"offset {expected} is not acknowledged.",
                hint="Replay into a topic that nobody else writes to, and run again.",
            )
