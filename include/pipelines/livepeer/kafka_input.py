"""Reads records from Kafka in batches that a restart can repeat exactly.

Before a batch is written, the offset at which it starts is committed, with its offset range as a note (the metadata of
a Kafka commit). When everything is written and acknowledged, the offset after the batch is committed. A process that
finds a note on start forms exactly that batch again and judges it at the same processing time. The insert tokens are
then the same, and ClickHouse inserts nothing twice. The note is stored with the offsets, so the two cannot disagree.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

from confluent_kafka import (
    OFFSET_BEGINNING,
    TIMESTAMP_NOT_AVAILABLE,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from pipelines.livepeer.batches import Batch, Span
from pipelines.livepeer.config import Settings
from pipelines.livepeer.errors import SourceError
from pipelines.livepeer.event import Record

Partition = tuple[str, int]

CHUNK = 1000
IDLE_SEC = 0.2
FILL_SEC = 0.02
ANSWER_SEC = 30.0
# Bound on the record values of one round in memory (approximate, since it is checked after each chunk).
MAX_ROUND_BYTES = 64_000_000
# Errors that go away by themselves: the topic may be created after the job starts.
_TRANSIENT = frozenset({KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION})
_LOG = logging.getLogger(__name__)


def consumer_settings(settings: Settings) -> dict[str, Any]:
    """Return the client's configuration.

    The group member is static. A process that restarts after a crash gets its partitions back at once. A second
    process of the group fences the first one, so that two processes never work in parallel with separate dedup keys.
    """
    return {
        **settings.kafka_options,
        "bootstrap.servers": settings.bootstrap_servers,
        "group.id": settings.group_id,
        "group.instance.id": f"{settings.group_id}.local",
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "enable.partition.eof": True,
        "isolation.level": "read_committed",
        "session.timeout.ms": 10_000,
        "heartbeat.interval.ms": 1000,
        "topic.metadata.refresh.interval.ms": 5000,
        "fetch.error.backoff.ms": 50,
        "queued.max.messages.kbytes": 32_768,
        "receive.message.max.bytes": 128_000_000,
        "socket.nagle.disable": True,
    }


class KafkaInput:
    """The input topics, read by the only member of a consumer group. Not thread-safe: use it from one thread.

    `before_revoke` is called before partitions are revoked. `clock` returns the processing time, epoch milliseconds.
    """

    def __init__(self, settings: Settings, before_revoke: Callable[[], None], clock: Callable[[], int]) -> None:
        self._settings = settings
        self._before_revoke = before_revoke
        self._clock = clock
        self._partitions: set[Partition] = set()
        self._buffered: dict[Partition, list[Record]] = {}
        self._interrupted: dict[Partition, Span] = {}
        self._at_end: set[Partition] = set()
        self._starts: dict[Partition, int] = {}
        self._failure: SourceError | None = None
        self._short = True
        self.complaint: str | None = None
        self._consumer = Consumer({**consumer_settings(settings), "error_cb": self._on_error})
        self._consumer.subscribe(
            list(settings.input_topics),
            on_assign=self._on_assign,
            on_revoke=self._on_revoke,
            on_lost=self._on_lost,
        )

    @property
    def assigned(self) -> dict[str, list[int]]:
        """Return the partitions that this process reads, by topic."""
        found: dict[str, list[int]] = {}
        for topic, partition in sorted(self._partitions):
            found.setdefault(topic, []).append(partition)
        return found

    @property
    def caught_up(self) -> bool:
        """Return whether the last poll found no more records."""
        return self._short

    def take_starts(self) -> dict[Partition, int]:
        """Return the start offset of every partition assigned since the last call; -1 where nothing was committed."""
        starts, self._starts = self._starts, {}
        return starts

    def collect(self) -> list[Batch]:
        """Return the next batches, at most one a partition; none when nothing arrives within a fifth of a second.

        Returns as soon as the client has no more records. Raises SourceError when the client cannot continue.
        """
        self._fill()
        if self._failure is not None:
            raise self._failure
        if not self._interrupted:
            return [self._cut(key) for key in sorted(self._buffered)]
        # All notes belong to one round. Sessions may depend on the order within it, so it is repeated as a whole.
        if not all(map(self._is_whole, self._interrupted)):
            return []
        return [self._repeat(key) for key in sorted(self._interrupted)]

    def commit(self, done: Iterable[Span], started: Iterable[Span]) -> None:
        """Commit the ends of the batches in `done`, and notes of those in `started`. Raises SourceError."""
        ends = {
            (span.topic, span.partition): TopicPartition(span.topic, span.partition, span.last + 1) for span in done
        }
        notes = {
            (span.topic, span.partition): TopicPartition(span.topic, span.partition, span.first, span.journal())
            for span in started
        }
        partitions = [partition for key, partition in {**ends, **notes}.items() if key in self._partitions]
        if not partitions:
            return
        try:
            answers = self._consumer.commit(offsets=partitions, asynchronous=False)
        except KafkaException as error:
            raise _failed("Kafka did not commit the offsets", error.args[0]) from None
        for answer in answers:
            if answer.error is not None:
                raise _failed("Kafka did not commit the offsets", answer.error)

    def close(self) -> None:
        """Disconnect. The broker keeps the static member's partitions until its session times out."""
        self._consumer.close()

    def _fill(self) -> None:
        """Buffer the records that the client has. Wait only for the first one."""
        # A repeated batch may be larger than the present limit, so at least one chunk is always read.
        least = CHUNK if self._interrupted else 1
        room = max(self._settings.max_records - sum(len(records) for records in self._buffered.values()), least)
        deadline = self._clock() + self._settings.max_collect_ms
        size, wait = 0, IDLE_SEC
        while room > 0 and size < MAX_ROUND_BYTES:
            wanted = 1 if wait == IDLE_SEC else min(CHUNK, room)
            messages = self._take(wanted, wait)
            room -= len(messages)
            size += self._buffer(messages)
            self._short = len(messages) < wanted
            if self._short or self._clock() > deadline or self._failure is not None:
                return
            wait = FILL_SEC

    def _take(self, wanted: int, timeout: float) -> list[Message]:
        try:
            messages: list[Message] = self._consumer.consume(wanted, timeout)
        except KafkaException as error:
            raise _failed("Kafka does not return records", error.args[0]) from None
        return messages

    def _buffer(self, messages: list[Message]) -> int:
        """Buffer the records of messages and handle the client's events among them; return the size in bytes."""
        size = 0
        for message in messages:
            if message.error() is not None:
                self._handle_event(message)
                continue
            topic, partition, offset, value = message.topic(), message.partition(), message.offset(), message.value()
            kind, created_ms = message.timestamp()
            if kind == TIMESTAMP_NOT_AVAILABLE:
                created_ms = -1
            key = (topic, partition)
            if key not in self._partitions:
                continue
            self._at_end.discard(key)
            self._buffered.setdefault(key, []).append(Record(topic, partition, offset, created_ms, value))
            size += len(value or b"")
        return size

    def _handle_event(self, message: Message) -> None:
        error = message.error()
        if error.code() == KafkaError._PARTITION_EOF:
            self._at_end.add((message.topic(), message.partition()))
        elif error.code() in _TRANSIENT:
            self.complaint = error.str()
        else:
            raise _failed("Kafka does not return records", error)

    def _cut(self, key: Partition) -> Batch:
        """Form the next batch of a partition."""
        records = self._buffered.pop(key)
        return Batch(Span(*key, records[0].offset, records[-1].offset, self._clock()), records)

    def _is_whole(self, key: Partition) -> bool:
        """Return whether all records of an interrupted batch that still exist are buffered."""
        records = self._buffered.get(key)
        if not records:
            return False
        return records[-1].offset >= self._interrupted[key].last or key in self._at_end

    def _repeat(self, key: Partition) -> Batch:
        """Form an interrupted batch again, with the same span."""
        records, span = self._buffered.pop(key), self._interrupted.pop(key)
        inside = [record for record in records if record.offset <= span.last]
        if len(inside) < len(records):
            self._buffered[key] = records[len(inside) :]
        return Batch(span, inside)

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Start at the committed offsets, else at the beginning, and read the notes of interrupted batches."""
        try:
            committed = consumer.committed(partitions, timeout=ANSWER_SEC)
        except KafkaException as error:
            self._failure = _failed("Kafka does not return the committed offsets", error.args[0])
            return
        for partition in committed:
            key = (partition.topic, partition.partition)
            self._partitions.add(key)
            self._starts[key] = max(partition.offset, -1)
            span = Span.from_journal(partition.topic, partition.partition, partition.metadata)
            if span is not None and span.first == partition.offset:
                self._interrupted[key] = span
                _LOG.info("%s/%d: records %d to %d are processed again", *key, span.first, span.last)
            partition.offset = partition.offset if partition.offset >= 0 else OFFSET_BEGINNING
        consumer.assign(committed)
        self.complaint = None

    def _on_revoke(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        """Finish what is being written, then forget the partitions."""
        self._before_revoke()
        for partition in partitions:
            key = (partition.topic, partition.partition)
            self._partitions.discard(key)
            self._at_end.discard(key)
            self._buffered.pop(key, None)
            self._interrupted.pop(key, None)
            self._starts.pop(key, None)

    def _on_lost(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        """Fail: another process may already read the partitions, and the dedup keys are ahead of the offsets."""
        self._failure = SourceError(
            f"Kafka gave {len(partitions)} partitions to another process, or found this one unresponsive.",
            hint="Start the job again: it continues where it stopped.",
        )

    def _on_error(self, error: KafkaError) -> None:
        if error.fatal():
            self._failure = _failed("Kafka stopped the consumer", error)
        else:
            self.complaint = error.str()
            _LOG.warning("Kafka: %s", error.str())


def _failed(what: str, error: KafkaError) -> SourceError:
    text = error.str().rstrip(".")
    hint = "See whether the brokers run; the job continues where it stopped."
    # The client replaces the code of a fatal error, so the cause can only be seen in the text.
    if error.code() == KafkaError.FENCED_INSTANCE_ID or "fenced" in text.lower():
        hint = "Another process took this one's place: run one processor a group."
    return SourceError(f"{what}: {text}.", hint=hint)
