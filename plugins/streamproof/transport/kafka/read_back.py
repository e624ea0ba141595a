"""Find out which records of a series a topic holds, by the headers that they were published with."""

from __future__ import annotations

from collections.abc import Mapping

from confluent_kafka import IsolationLevel, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from streamproof.model.errors import StackError
from streamproof.model.settings import KafkaSettings
from streamproof.model.waiting import Probe, wait_until
from streamproof.transport.base import Numbered, Positions
from streamproof.transport.kafka.admin import admin_of
from streamproof.transport.kafka.reading import read_topic

RUN_HEADER, SEQUENCE_HEADER = "sp-run-id", "sp-sequence"
ANSWER_SEC = 10.0
# Brokers abort a transaction after a minute by default. Other programs may have set up to 15 minutes.
TRANSACTIONS_SEC = 900.0
_HINT = "Does a broker listen there? That of a local stack has its log in the run's stack/logs folder."


def retained_offsets(settings: KafkaSettings, topic: str) -> dict[int, tuple[int, int]]:
    """Return the first retained and the end offset of each partition. Raises StackError, also without a topic."""
    admin = admin_of(settings)
    firsts, ends = _offsets(admin, topic, OffsetSpec.earliest()), _offsets(admin, topic, OffsetSpec.latest())
    return {partition: (firsts[partition], end) for partition, end in sorted(ends.items())}


def read_back(settings: KafkaSettings, series: Numbered) -> Positions:
    """Return partition and offset of the records of a series that its topic holds, by sequence number.

    A transaction of anybody that is open hides the records behind it, so its end is waited for. Raises StackError when
    the broker does not answer, or when a number is there twice or missing before a later one.
    """
    admin = admin_of(settings)
    ends = _offsets(admin, series.topic, OffsetSpec.latest())
    _wait_for_transactions(admin, series.topic, ends)
    found: dict[int, tuple[int, int]] = {}
    span = {partition: (series.since.get(partition, 0), end) for partition, end in ends.items()}
    for record in read_topic(settings, series.topic, span):
        headers = dict(record.headers)
        if headers.get(RUN_HEADER) != series.run_id.encode():
            continue
        number = int(headers.get(SEQUENCE_HEADER) or b"-1")
        if number in found:
            raise StackError(
                f"Record {number} of {series.run_id} is in topic {series.topic} twice: at partition and offset "
                f"{found[number]} and {(record.partition, record.offset)}.",
                hint="Somebody else publishes under the same id, or has copied the topic. Choose another id.",
            )
        found[number] = (record.partition, record.offset)
    missing = next((number for number in range(len(found)) if number not in found), None)
    if missing is not None:
        raise StackError(
            f"Topic {series.topic} holds {len(found)} records of {series.run_id}, but not number {missing}.",
            hint="Has the topic dropped records since the replay began? See its retention.",
        )
    return [found[number] for number in range(len(found))]


def _wait_for_transactions(admin: AdminClient, topic: str, ends: Mapping[int, int]) -> None:
    """Wait until no transaction that was open at the given end offsets hides records before them."""

    def look() -> Probe:
        stable = _offsets(admin, topic, OffsetSpec.latest(), IsolationLevel.READ_COMMITTED)
        behind = [f"partition {number} at {stable.get(number, 0)} of {end}" for number, end in ends.items()
                  if stable.get(number, 0) < end]  # fmt: skip
        return Probe(not behind, ", ".join(behind))

    wait_until(
        look,
        timeout=TRANSACTIONS_SEC,
        message=f"the open transactions in topic {topic}",
        hint="A program that publishes in transactions has died; brokers abort its transaction after its time-out.",
    )


def _offsets(
    admin: AdminClient, topic: str, spec: OffsetSpec, level: IsolationLevel = IsolationLevel.READ_UNCOMMITTED
) -> dict[int, int]:
    """Return an offset of each partition of a topic. Raises StackError when there is none or nobody answers."""
    try:
        known = admin.list_topics(topic, timeout=ANSWER_SEC).topics[topic]
        if known.error is not None or not known.partitions:
            raise StackError(
                f"Topic {topic} cannot be read: {known.error.str() if known.error else 'it has no partition'}.",
                hint="Does it exist, and may this user read it?",
            )
        request = {TopicPartition(topic, partition): spec for partition in known.partitions}
        answers = admin.list_offsets(request, isolation_level=level, request_timeout=ANSWER_SEC)
        return {place.partition: answer.result().offset for place, answer in answers.items()}
    except KafkaException as error:
        raise StackError(f"Kafka does not give the offsets of {topic}: {error.args[0].str()}.", hint=_HINT) from None
