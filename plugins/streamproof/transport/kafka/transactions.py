"""Publish a series of records exactly once, in transactions, also when the process dies at any moment.

A process that begins fences the one before it: the brokers end the open transaction, and refuse what may still come of
it. Only then the topic is read back. So what is found is all that there will ever be, and the rest is published.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from zlib import crc32

from confluent_kafka import KafkaError, KafkaException, Producer

from streamproof.model.errors import StackError
from streamproof.model.settings import KafkaSettings
from streamproof.transport.base import Numbered, OutgoingRecord, Positions
from streamproof.transport.kafka.producer import MAX_MESSAGE_BYTES
from streamproof.transport.kafka.read_back import RUN_HEADER, SEQUENCE_HEADER, read_back, retained_offsets

# The first transaction of a new cluster makes the brokers create their log of transactions.
BEGIN_SEC = 60.0
# A transaction that nobody ends is aborted by the brokers after so long. Until then, consumers wait.
TRANSACTION_TIMEOUT_MS = 60_000
ANSWER_SEC = 30.0
POLL_SEC = 0.5
_HINT = "Look at the brokers' logs, then start the same replay again: it goes on where it stopped."


def publish_once(
    settings: KafkaSettings,
    series: Numbered,
    records: Iterable[OutgoingRecord],
    *,
    watch: Callable[[int], object] = lambda _number: None,
) -> Positions:
    """Publish the records of a series that its topic does not hold, and return the positions of all of them.

    Headers are `sp-run-id` and `sp-sequence`, then the record's own. Raises StackError when the broker refuses, or when
    another process publishes the same series.
    """
    producer = _begin(settings, series)
    done = len(read_back(settings, series))
    partitions = len(retained_offsets(settings, series.topic))
    watch(done)
    pace = _Pace(producer, series.rate)
    # An open transaction makes consumers wait, so a slow one has to be short.
    size = series.batch if series.rate is None else max(1, min(series.batch, int(series.rate)))
    numbered = islice(enumerate(records), done, None)
    while (first := next(numbered, None)) is not None:
        done += _publish(producer, series, chain((first,), islice(numbered, size - 1)), partitions, pace)
        watch(done)
    return read_back(settings, series)


def _begin(settings: KafkaSettings, series: Numbered) -> Producer:
    """Return a producer whose predecessor can publish no more."""
    options = {
        "transactional.id": series.writer,
        "transaction.timeout.ms": TRANSACTION_TIMEOUT_MS,
        "compression.type": "lz4",
        "linger.ms": 5,
        "message.max.bytes": MAX_MESSAGE_BYTES,
        "log_level": 0,
    }
    producer = Producer({**settings.client_config(), **options})
    try:
        producer.init_transactions(BEGIN_SEC)
    except KafkaException as error:
        raise StackError(
            f"Kafka at {settings.bootstrap_servers} begins no transaction: {error.args[0].str()}.",
            hint="Does it answer, and may this user write with the transactional id " + series.writer + "?",
        ) from None
    return producer


def _publish(
    producer: Producer,
    series: Numbered,
    batch: Iterable[tuple[int, OutgoingRecord]],
    partitions: int,
    pace: _Pace,
) -> int:
    """Publish a batch in one transaction and return its size. Raises StackError; then nothing of it is visible."""
    count = 0
    try:
        producer.begin_transaction()
        for number, record in pace.of(batch):
            _produce(producer, series, number, record, partitions)
            count += 1
        _commit(producer)
    except KafkaException as error:
        _abort(producer)
        raise StackError(
            f"Kafka refused records for topic {series.topic}: {error.args[0].str()}.", hint=_hint_of(error)
        ) from None
    except BaseException:
        _abort(producer)
        raise
    return count


def _produce(producer: Producer, series: Numbered, number: int, record: OutgoingRecord, partitions: int) -> None:
    partition = record.partition
    if partition is None or partition >= partitions:
        partition = crc32(record.key or b"") % partitions
    headers = [(RUN_HEADER, series.run_id.encode()), (SEQUENCE_HEADER, b"%d" % number), *record.headers]
    more = {} if record.milliseconds is None else {"timestamp": record.milliseconds}
    while True:
        try:
            producer.produce(series.topic, record.value, record.key, partition, headers=headers, **more)
        except BufferError:
            producer.poll(POLL_SEC)
        else:
            return


def _commit(producer: Producer) -> None:
    """End the transaction. It fails when any of its records was not delivered."""
    deadline = time.monotonic() + TRANSACTION_TIMEOUT_MS / 1000
    while True:
        try:
            producer.commit_transaction(ANSWER_SEC)
        except KafkaException as error:
            if not error.args[0].retriable() or time.monotonic() > deadline:
                raise
        else:
            return


def _abort(producer: Producer) -> None:
    """Abort the open transaction. When even that fails, the brokers abort it: at the next start or on time-out."""
    producer.purge()
    try:
        producer.abort_transaction(ANSWER_SEC)
    except KafkaException:
        return


def _hint_of(error: KafkaException) -> str:
    if error.args[0].code() == KafkaError.MSG_SIZE_TOO_LARGE:
        return "A record is larger than the topic takes: raise its max.message.bytes, then start the same replay again."
    if error.args[0].fatal() and "fenced" in error.args[0].str().lower():
        return "Another process has taken over this replay: let that one finish."
    return _HINT


class _Pace:
    """Lets records pass at a rate per second; None is without limit. It waits inside calls of the client."""

    def __init__(self, producer: Producer, rate: float | None) -> None:
        self._producer, self._rate = producer, rate
        self._next = time.monotonic()

    def of(self, records: Iterable[tuple[int, OutgoingRecord]]) -> Iterator[tuple[int, OutgoingRecord]]:
        """Yield the records, each when its time has come."""
        for entry in records:
            while (wait := self._next - time.monotonic()) > 0:
                self._producer.poll(min(wait, POLL_SEC))
            if self._rate is not None:
                self._next = max(self._next, time.monotonic() - 1.0) + 1.0 / self._rate
            yield entry
