"""Hand the records of one replay to the Kafka client, each at its time, and collect what the broker acknowledges."""

from __future__ import annotations

import math
import time
from array import array
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from zlib import crc32

from confluent_kafka import KafkaError, KafkaException, Producer

from streamproof.model.errors import StackError
from streamproof.model.fixture import FixtureEvent
from streamproof.transport.base import Course
from streamproof.transport.kafka.interrupts import deferred_interrupts

# Acknowledgements are collected and `watch` is called after so many records. In a replay with a pace, while the queue
# is full, and while the last records are being sent, that happens after so many seconds.
POLL_EVERY = 2_000
WATCH_SEC = 0.5

_HINT = "Look at the broker's log in the run's stack/logs folder, then run again."


def partition_of(key: bytes | None, partitions: int) -> int:
    """Return the partition of records with a key. Those without one are a stream of their own."""
    return crc32(key or b"") % partitions


class _Partition:
    """The acknowledged offsets and the errors of one partition.

    `on_delivery` is the delivery callback. It runs for every record, so it only appends to a list. `reported` is the
    number of offsets that the course has heard of.
    """

    __slots__ = ("errors", "offsets", "on_delivery", "reported")

    def __init__(self) -> None:
        self.offsets: array[int] = array("q")
        self.errors: list[str] = []
        self.reported = 0
        add_offset, add_error = self.offsets.append, self.errors.append

        def on_delivery(error: KafkaError | None, message: Any) -> None:
            if error is None:
                add_offset(message.offset())
            else:
                add_error(error.str())

        self.on_delivery = on_delivery


class Sending:
    """One replay on its way to a topic with `partitions` partitions."""

    def __init__(
        self,
        producer: Producer,
        topic: str,
        run_id: str,
        partitions: int,
        watch: Callable[[], object],
        course: Course,
    ) -> None:
        self._producer, self._produce = producer, producer.produce
        self._topic = topic
        self._run_header = ("sp-run-id", run_id.encode())
        self._deliveries = [_Partition() for _ in range(partitions)]
        self._watch = watch
        self._course = course
        self._sent = 0
        self._looked = self._started = time.monotonic()

    @property
    def offsets(self) -> list[Sequence[int]]:
        """Return the acknowledged offsets by partition, in the order of publishing."""
        return [delivery.offsets for delivery in self._deliveries]

    def send(self, records: Iterable[tuple[FixtureEvent, bytes | None]]) -> array[int]:
        """Queue every record that has not arrived yet, and return the partition of each of them.

        Records with the same key go to the same partition. Raises StackError when one is refused or lost.
        """
        count, pace = len(self._deliveries), self._course.pace
        arrived = [self._course.arrived.get(partition, 0) for partition in range(count)]
        partitions: array[int] = array("i")
        for sequence, (event, value) in enumerate(records):
            partition = 0 if count == 1 else partition_of(event.key, count)
            if arrived[partition]:
                arrived[partition] -= 1
                continue
            if pace is not None:
                self._wait_until(due := self._started + pace.due_sec(event.publish_ms))
            self._queue(sequence, event, value, partition)
            if pace is not None:
                pace.errors.add(time.monotonic() - due)
            partitions.append(partition)
            self._sent += 1
            if self._sent % POLL_EVERY == 1:
                self._look()
        return partitions

    def wait_for_all(self) -> None:
        """Wait until the broker has acknowledged every record. Raises StackError when one is lost."""
        while self._flush():
            self._look()
        self.report()
        self._require_all(self._sent)

    def report(self) -> None:
        """Tell the course of the offsets that have been acknowledged since the last report."""
        for partition, delivery in enumerate(self._deliveries):
            if len(delivery.offsets) > delivery.reported:
                new = delivery.offsets[delivery.reported :]
                delivery.reported += len(new)
                self._course.on_acknowledged(partition, new)

    def _queue(self, sequence: int, event: FixtureEvent, value: bytes | None, partition: int) -> None:
        """Hand a record to the client, which sends it. Wait while its queue is full."""
        headers = [self._run_header, ("sp-sequence", b"%d" % sequence), *event.headers]
        callback = self._deliveries[partition].on_delivery
        while True:
            try:
                self._produce(
                    self._topic,
                    value,
                    event.key,
                    partition,
                    on_delivery=callback,
                    timestamp=event.publish_ms,
                    headers=headers,
                )
            except BufferError:
                self._poll(WATCH_SEC)
                self._look()
            except KafkaException as error:
                raise StackError(
                    f"Kafka refused record {sequence} ({event.session.file}:{event.line}): {error.args[0].str()}.",
                    hint=_HINT,
                ) from None
            else:
                return

    def _wait_until(self, due: float) -> None:
        """Wait until a moment of the monotonic clock; acknowledgements are collected in the meantime."""
        while True:
            now = time.monotonic()
            if now - self._looked > WATCH_SEC:
                self._look()
            if now >= due:
                return
            # The client counts in whole milliseconds. Less would make it return at once, again and again.
            self._poll(min(math.ceil((due - now) * 1000) / 1000, WATCH_SEC))

    def _look(self) -> None:
        """Collect acknowledgements. Raises StackError when a record is lost, and whatever `watch` raises."""
        self._looked = time.monotonic()
        self._poll(0)
        self.report()
        self._watch()
        if any(delivery.errors for delivery in self._deliveries):
            self._require_all(None)

    def _poll(self, seconds: float) -> None:
        """Run the delivery callbacks of acknowledged records; wait for one so many seconds."""
        with deferred_interrupts():
            self._producer.poll(seconds)

    def _flush(self) -> int:
        """Send what is queued for `WATCH_SEC` at most, and return the number of records not acknowledged yet."""
        with deferred_interrupts():
            left: int = self._producer.flush(WATCH_SEC)
        return left

    def _require_all(self, queued: int | None) -> None:
        """Raise StackError unless all queued records are acknowledged; None while their number is not known."""
        acknowledged = sum(len(delivery.offsets) for delivery in self._deliveries)
        errors = [error for delivery in self._deliveries for error in delivery.errors]
        if errors or acknowledged != queued:
            of = f" of {queued}" if queued is not None else ""
            first = f" {len(errors)} were not delivered: {errors[0]}." if errors else ""
            raise StackError(f"Kafka acknowledged {acknowledged}{of} records.{first}", hint=_HINT)
