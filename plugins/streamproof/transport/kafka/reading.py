"""Read all records of a topic, from its beginning to its present end."""

from __future__ import annotations

import time
from collections.abc import Iterator

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


def read_topic(settings: KafkaSettings, topic: str) -> Iterator[ReadRecord]:
    """Yield the records that a topic holds now, by partition in the order of offsets. No offset is committed.

    Raises StackError when the broker does not answer.
    """
    where = f"Topic {topic} at {settings.bootstrap_servers}"
    remaining = {partition: end for partition, end in end_offsets(settings, topic).items() if end}
    config = settings.client_config(group_id="streamproof-reader", enable_auto_commit=False, enable_partition_eof=True)
    consumer = Consumer({**config, "auto.offset.reset": "earliest", "log_level": 0})
    try:
        for partition, end in remaining.items():
            consumer.assign([TopicPartition(topic, partition, 0)])
            yield from _read_partition(consumer, where, end)
    except KafkaException as error:
        raise StackError(f"{where} cannot be read: {error.args[0].str()}.", hint=_HINT) from None
    finally:
        consumer.close()


def _read_partition(consumer: Consumer, name: str, end: int) -> Iterator[ReadRecord]:
    heard = time.monotonic()
    position = 0
    while position < end:
        for message in consumer.consume(BATCH, POLL_SEC):
            heard = time.monotonic()
            if message.error():
                # The end may come before `end`: markers of transactions have offsets, too.
                if message.error().code() == message.error()._PARTITION_EOF:
                    return
                raise KafkaException(message.error())
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
