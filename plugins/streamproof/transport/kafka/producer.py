"""Publish fixture events to Kafka: acknowledged, counted one by one, with the offset that each of them got."""

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

# A broker that is gone is reported after this time; a broker of this stack answers within milliseconds.
DELIVERY_TIMEOUT_MS = 20_000
METADATA_TIMEOUT_SEC = 10.0
# Acknowledgements are collected, and the stack is looked at, every so many records and every so many seconds.
POLL_EVERY = 2_000
WATCH_SEC = 0.5
# A key is cut out of its value, and headers are short; the broker's limit is far higher, see `topics.TOPIC_CONFIG`.
MAX_MESSAGE_BYTES = 2 * MAX_VALUE_BYTES + 65_536
QUEUE_MESSAGES = 200_000
QUEUE_KBYTES = 262_144

_HINT = "Look at the broker's log in the run's stack/logs folder, then run again."

# What the replay and the benchmark's bare loop have in common. One request at a time keeps the order, whatever is sent
# again. Idempotence would do so too, but asking for a producer id costs half a second; a record that was written twice
# because its first answer got lost is found by the gap that it leaves between the acknowledged offsets.
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
    # Its own log lines would go to the terminal; what fails is raised, once and with a hint.
    "log_level": 0,
}


class _Partition:
    """What the broker answers for one partition. The callback runs once a record: it keeps the offset and no more."""

    __slots__ = ("errors", "offsets", "take")

    def __init__(self) -> None:
        self.offsets: array[int] = array("q")
        self.errors: list[str] = []
        keep, complain = self.offsets.append, self.errors.append

        def take(error: KafkaError | None, message: Any) -> None:
            if error is None:
                keep(message.offset())
            else:
                complain(error.str())

        self.take = take


def end_offsets(settings: KafkaSettings, topic: str) -> dict[int, int]:
    """Return the end offset of every partition of a topic. Raises StackError when the broker does not answer."""
    config = {**settings.client_config(group_id="streamproof-offsets", enable_auto_commit=False), "log_level": 0}
    consumer = Consumer(config)
    found: dict[int, int] = {}

    def look() -> Probe:
        try:
            for partition in consumer.list_topics(topic, timeout=METADATA_TIMEOUT_SEC).topics[topic].partitions:
                place = TopicPartition(topic, partition)
                found[partition] = consumer.get_watermark_offsets(place, timeout=METADATA_TIMEOUT_SEC)[1]
        except KafkaException as error:
            # A topic that has just been made may not have its leader yet.
            return Probe(False, error.args[0].str())
        return Probe(bool(found), "it does not exist")

    try:
        wait_until(look, timeout=METADATA_TIMEOUT_SEC, message=f"the offsets of topic {topic}", hint=_HINT)
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
) -> Published:
    """Publish events with their values in the given order and wait until the broker has acknowledged every one of them.

    Headers are `sp-run-id` and `sp-sequence` (decimal digits from 0); the Kafka timestamp is `publish_ms`. `watch` is
    called now and then and may raise what ends the replay at once. A record that is not acknowledged within
    `delivery_timeout_ms` counts as lost.
    Raises StackError, with the counts, when not every record is acknowledged.
    """
    started_at = end_offsets(settings, topic)
    producer = Producer({**settings.client_config(), **PRODUCER_OPTIONS, "delivery.timeout.ms": delivery_timeout_ms})
    places = [_Partition() for _ in started_at]
    started = time.monotonic()
    try:
        partitions = _produce_all(producer, topic, records, run_id, places, watch)
        while producer.flush(WATCH_SEC):
            _stop_on_error(places, watch)
    except BaseException:
        # What is still queued must not be sent after the replay has failed, nor keep this process waiting.
        producer.purge()
        raise
    duration = time.monotonic() - started
    _require_all(places, len(partitions))
    ends = {partition: started_at[partition] + len(place.offsets) for partition, place in enumerate(places)}
    for partition, place in enumerate(places):
        _require_no_gap(topic, partition, place.offsets, started_at[partition])
    by_partition = [iter(place.offsets) for place in places]
    offsets = array("q", (next(by_partition[partition]) for partition in partitions))
    return Published(topic, len(offsets), partitions, offsets, started_at, ends, duration)


def _produce_all(
    producer: Producer,
    topic: str,
    records: Iterable[tuple[FixtureEvent, bytes | None]],
    run_id: str,
    places: Sequence[_Partition],
    watch: Callable[[], object],
) -> array[int]:
    """Hand every record over and return the partition of each; records of one key stay in one partition."""
    run_header = ("sp-run-id", run_id.encode())
    produce, count = producer.produce, len(places)
    partitions: array[int] = array("i")
    chosen, takes = partitions.append, [place.take for place in places]
    for sequence, (event, value) in enumerate(records):
        partition = 0 if count == 1 else crc32(event.key or b"") % count
        headers = [run_header, ("sp-sequence", b"%d" % sequence)]
        chosen(partition)
        take = takes[partition]
        while True:
            try:
                produce(
                    topic, value, event.key, partition, on_delivery=take, timestamp=event.publish_ms, headers=headers
                )
                break
            except BufferError:
                producer.poll(WATCH_SEC)
                _stop_on_error(places, watch)
            except KafkaException as error:
                raise StackError(
                    f"Kafka refused record {sequence} ({event.session.file}:{event.line}): {error.args[0].str()}.",
                    hint=_HINT,
                ) from None
        if sequence % POLL_EVERY == 0:
            producer.poll(0)
            _stop_on_error(places, watch)
    return partitions


def _require_no_gap(topic: str, partition: int, offsets: array[int], start: int) -> None:
    """Raise StackError unless the acknowledged offsets are consecutive, in the order of publishing."""
    for expected, offset in enumerate(offsets, start=start):
        if offset != expected:
            raise StackError(
                f"Partition {partition} of {topic} holds records that this replay did not publish, or published twice: "
                f"offset {expected} is not acknowledged.",
                hint="Replay into a topic that nobody else writes to, and run again.",
            )


def _stop_on_error(places: Sequence[_Partition], watch: Callable[[], object]) -> None:
    watch()
    if any(place.errors for place in places):
        _require_all(places, None)


def _require_all(places: Sequence[_Partition], handed_over: int | None) -> None:
    """Raise StackError unless every record is acknowledged; `handed_over` is None while records are still to come."""
    acknowledged = sum(len(place.offsets) for place in places)
    errors = [error for place in places for error in place.errors]
    if errors or acknowledged != handed_over:
        of = f" of {handed_over}" if handed_over is not None else ""
        first = f" {len(errors)} were not delivered: {errors[0]}." if errors else ""
        raise StackError(f"Kafka acknowledged {acknowledged}{of} records.{first}", hint=_HINT)
