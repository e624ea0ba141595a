"""Read all records of a topic, from its beginning to its present end."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, Consumer, KafkaException, Message, TopicPartition

from streamproof.model.errors import StackError
from streamproof.model.settings import KafkaSettings
from streamproof.transport.base import ReadRecord
from streamproof.transport.kafka.producer import end_offsets

BATCH = 1_000
POLL_SEC = 1.0
# The broker answers within milliseconds. It is gone when nothing has come for so long.
SILENCE_SEC = 20.0
_HINT = "Does a broker listen there? That of a local stack has its log in the run's stack/logs folder."


def read_topic(
    settings: KafkaSettings, topic: str, span: Mapping[int, tuple[int, int]] | None = None
) -> Iterator[ReadRecord]:
    """Yield the records that a topic holds now, by partition in the order of offsets. No offset is committed.

    `span` limits the read to (first, end) offsets by partition. Records of transactions that were not committed are
    left out. Raises StackError when the broker does not answer.
    """
    where = f"Topic {topic} at {settings.bootstrap_servers}"
    wanted = {partition: (0, end) for partition, end in end_offsets(settings, topic).items()} if span is None else span
    config = settings.client_config(group_id="streamproof-reader", enable_auto_commit=False, enable_partition_eof=True)
    options = {"auto.offset.reset": "earliest", "isolation.level": "read_committed", "log_level": 0}
    consumer = Consumer({**config, **options})
    try:
        for partition, (first, end) in wanted.items():
            if first < end:
                consumer.assign([TopicPartition(topic, partition, first)])
                yield from _read_partition(consumer, where, first, end)
    except KafkaException as error:
        raise StackError(f"{where} cannot be read: {error.args[0].str()}.", hint=_HINT) from None
    finally:
        consumer.close()


def _read_partition(consumer: Consumer, name: str, first: int, end: int) -> Iterator[ReadRecord]:
    heard = time.monotonic()
    position = first
    while position < end:
        for message in consumer.consume(BATCH, POLL_SEC):
            heard = time.monotonic()
            if message.error():
                # The end may come before `end`: markers of transactions have offsets, too.
                if message.error().code() == message.error()._PARTITION_EOF:
                    return
                raise KafkaException(message.error())
            if message.offset() >= end:
                return
            position = message.offset() + 1
            yield _record(message)
        if time.monotonic() - heard > SILENCE_SEC:
            raise StackError(f"{name} was read to offset {position} of {end} only.", hint=_HINT)


def _record(message: Message) -> ReadRecord:
    kind, milliseconds = message.timestamp()
    return ReadRecord(
        partition=message.partition(),
        offset=message.offset(),
        value=message.value(),
        key=message.key(),
        headers=tuple(message.headers() or ()),
        milliseconds=None if kind == TIMESTAMP_NOT_AVAILABLE else milliseconds,
    )
