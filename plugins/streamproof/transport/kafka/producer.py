"""Publish fixture events to Kafka, and record the offset that the broker acknowledged for each of them."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from zlib import crc32

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from streamproof.fixtures.values import MAX_VALUE_BYTES
from streamproof.model.errors import StackError
from streamproof.model.fixture import FixtureEvent
from streamproof.model.settings import KafkaSettings
from streamproof.model.waiting import Probe, wait_until
from streamproof.transport.base import Published
from streamproof.transport.kafka.interrupts import deferred_interrupts

# A broker that is gone is reported after this time. A broker of this stack answers within milliseconds.
DELIVERY_TIMEOUT_MS = 20_000
METADATA_TIMEOUT_SEC = 10.0
# Acknowledgements are collected and `watch` is called after so many records. While the queue is full or the last
# records are being sent, that happens after so many seconds.
POLL_EVERY = 2_000
WATCH_SEC = 0.5
# A key may be as large as a value; the rest is for headers, see `fixtures.lines.MAX_HEADER_BYTES`.
# The broker's own limit is far higher, see `topics.TOPIC_CONFIG`.
MAX_MESSAGE_BYTES = 2 * MAX_VALUE_BYTES + 65_536
QUEUE_MESSAGES = 200_000
QUEUE_KBYTES = 262_144

_HINT = "Look at the broker's log in the run's stack/logs folder, then run again."

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


class _Partition:
    """The acknowledged offsets and the errors of one partition.

    `on_delivery` is the delivery callback. It runs for every record, so it only appends to a list.
    """

    __slots__ = ("errors", "offsets", "on_delivery")

    def __init__(self) -> None:
        self.offsets: array[int] = array("q")
        self.errors: list[str] = []
        add_offset, add_error = self.offsets.append, self.errors.append

        def on_delivery(error: KafkaError | None, message: Any) -> None:
            if error is None:
                add_offset(message.offset())
            else:
                add_error(error.str())

        self.on_delivery = on_delivery


def end_offsets(settings: KafkaSettings, topic: str) -> dict[int, int]:
    """Return the end offset of every partition of a topic. Raises StackError when the broker does not answer."""
    config = {**settings.client_config(group_id="streamproof-offsets", enable_auto_commit=False), "log_level": 0}
    consumer = Consumer(config)
    found: dict[int, int] = {}

    def look() -> Probe:
        try:
            for partition in consumer.list_topics(topic, timeout=METADATA_TIMEOUT_SEC).topics[topic].partitions:
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
            hint="Does a broker listen there? That of a local stack has its log in the run's stack/logs folder.",
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
    options = {**PRODUCER_OPTIONS, "delivery.timeout.ms": delivery_timeout_ms, "enable.idempotence": shared}
    producer = Producer({**settings.client_config(), **options})
    deliveries = [_Partition() for _ in started_at]
    started = time.monotonic()
    try:
        partitions = _produce_all(producer, topic, records, run_id, deliveries, watch)
        while _flush(producer):
            _stop_on_error(deliveries, watch)
    except BaseException:
        # Queued records must not be sent after the replay has failed, and must not delay the end of this process.
        producer.purge()
        raise
    duration = time.monotonic() - started
    _require_all(deliveries, len(partitions))
    ends = {
        partition: found.offsets[-1] + 1 if found.offsets else started_at[partition]
        for partition, found in enumerate(deliveries)
    }
    for partition, found in enumerate(deliveries):
        if not shared:
            _require_no_gap(topic, partition, found.offsets, started_at[partition])
    by_partition = [iter(found.offsets) for found in deliveries]
    offsets = array("q", (next(by_partition[partition]) for partition in partitions))
    return Published(topic, len(offsets), partitions, offsets, started_at, ends, duration)


def _produce_all(
    producer: Producer,
    topic: str,
    records: Iterable[tuple[FixtureEvent, bytes | None]],
    run_id: str,
    deliveries: Sequence[_Partition],
    watch: Callable[[], object],
) -> array[int]:
    """Queue every record and return the partition of each. Records with the same key go to the same partition."""
    run_header = ("sp-run-id", run_id.encode())
    produce, count = producer.produce, len(deliveries)
    partitions: array[int] = array("i")
    add_partition, callbacks = partitions.append, [delivery.on_delivery for delivery in deliveries]
    for sequence, (event, value) in enumerate(records):
        partition = 0 if count == 1 else crc32(event.key or b"") % count
        headers = [run_header, ("sp-sequence", b"%d" % sequence), *event.headers]
        add_partition(partition)
        callback = callbacks[partition]
        while True:
            try:
                produce(
                    topic,
                    value,
                    event.key,
                    partition,
                    on_delivery=callback,
                    timestamp=event.publish_ms,
                    headers=headers,
                )
                break
            except BufferError:
                _poll(producer, WATCH_SEC)
                _stop_on_error(deliveries, watch)
            except KafkaException as error:
                raise StackError(
                    f"Kafka refused record {sequence} ({event.session.file}:{event.line}): {error.args[0].str()}.",
                    hint=_HINT,
                ) from None
        if sequence % POLL_EVERY == 0:
            _poll(producer, 0)
            _stop_on_error(deliveries, watch)
    return partitions


def _poll(producer: Producer, seconds: float) -> None:
    """Run the delivery callbacks of acknowledged records; wait for one so many seconds."""
    with deferred_interrupts():
        producer.poll(seconds)


def _flush(producer: Producer) -> int:
    """Send what is queued for `WATCH_SEC` at most, and return the number of records that are not acknowledged yet."""
    with deferred_interrupts():
        left: int = producer.flush(WATCH_SEC)
    return left


def _require_no_gap(topic: str, partition: int, offsets: array[int], start: int) -> None:
    """Raise StackError unless the acknowledged offsets are consecutive, in the order of publishing."""
    for expected, offset in enumerate(offsets, start=start):
        if offset != expected:
            raise StackError(
                f"Partition {partition} of {topic} holds records that this replay did not publish, or published twice: "
                f"offset {expected} is not acknowledged.",
                hint="Replay into a topic that nobody else writes to, and run again.",
            )


def _stop_on_error(deliveries: Sequence[_Partition], watch: Callable[[], object]) -> None:
    watch()
    if any(delivery.errors for delivery in deliveries):
        _require_all(deliveries, None)


def _require_all(deliveries: Sequence[_Partition], queued: int | None) -> None:
    """Raise StackError unless all queued records are acknowledged. `queued` is None while their number is not known."""
    acknowledged = sum(len(delivery.offsets) for delivery in deliveries)
    errors = [error for delivery in deliveries for error in delivery.errors]
    if errors or acknowledged != queued:
        of = f" of {queued}" if queued is not None else ""
        first = f" {len(errors)} were not delivered: {errors[0]}." if errors else ""
        raise StackError(f"Kafka acknowledged {acknowledged}{of} records.{first}", hint=_HINT)
