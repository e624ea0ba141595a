"""Find out what an interrupted replay really published: the ledger, and what its topic holds beyond it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from streamproof.fixtures.ordering import ReplayPlan
from streamproof.model.errors import StackError
from streamproof.model.settings import KafkaSettings
from streamproof.model.waiting import Probe, wait_until
from streamproof.replaying.ledger import Acknowledged, Ledger
from streamproof.replaying.request import Started
from streamproof.transport.base import Transport

RUN_HEADER, SEQUENCE_HEADER = "sp-run-id", "sp-sequence"
# What a killed process had sent already reaches the broker within milliseconds. So many looks in a row must find none.
QUIET_LOOKS = 3
SETTLE_SEC = 30.0
_ANOTHER = "Begin another replay, into another topic."


def arrived_records(
    transport: Transport, settings: KafkaSettings, ledger: Ledger, started: Started, replay: ReplayPlan
) -> dict[int, int]:
    """Return by partition how many of a replay's records its topic holds, and add them to the ledger.

    Raises StackError when the topic is not the one of the ledger any more, or when its records are not the first ones
    of each partition, in their order, each once.
    """
    topic = started.request.topic
    known = _known(ledger, started)
    ends = transport.end_offsets(settings, topic)
    _require_same_topic(topic, known, ends)
    found = _read_beyond(transport, settings, started, known)
    _require_order(
        transport, replay, topic, known, {partition: [n for n, _ in pairs] for partition, pairs in found.items()}
    )
    for partition, pairs in found.items():
        ledger.add(partition, [offset for _, offset in pairs])
    return {partition: seen.records + len(found.get(partition, ())) for partition, seen in known.items()}


def _known(ledger: Ledger, started: Started) -> dict[int, Acknowledged]:
    """Return what the ledger says of every partition."""
    acknowledged = ledger.acknowledged()
    return {
        int(partition): acknowledged.get(int(partition), Acknowledged(0, offset))
        for partition, offset in started.start_offsets.items()
    }


def _require_same_topic(topic: str, known: Mapping[int, Acknowledged], ends: Mapping[int, int]) -> None:
    if set(known) != set(ends):
        raise StackError(
            f"Topic {topic} had {len(known)} partitions when the replay began, and has {len(ends)} now.", hint=_ANOTHER
        )
    for partition, seen in known.items():
        if ends[partition] < seen.next_offset:
            raise StackError(
                f"Partition {partition} of topic {topic} ends at offset {ends[partition]}, and offset "
                f"{seen.next_offset - 1} was acknowledged: the topic was made again, or has lost records.",
                hint=_ANOTHER,
            )


def _read_beyond(
    transport: Transport, settings: KafkaSettings, started: Started, known: Mapping[int, Acknowledged]
) -> dict[int, list[tuple[int, int]]]:
    """Return by partition the (sequence number, offset) of the replay's records beyond the ledger."""
    topic, run_id = started.request.topic, started.run_id.encode()
    position = {partition: seen.next_offset for partition, seen in known.items()}
    found: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    quiet = 0

    def look() -> Probe:
        nonlocal quiet
        before = sum(map(len, found.values()))
        ends = transport.end_offsets(settings, topic)
        span = {partition: (begin, ends[partition]) for partition, begin in position.items()}
        for record in transport.read(settings, topic, span):
            headers = dict(record.headers)
            if headers.get(RUN_HEADER) == run_id:
                number = int(headers.get(SEQUENCE_HEADER) or b"-1")
                found[record.partition].append((number, record.offset))
        position.update(ends)
        quiet = quiet + 1 if sum(map(len, found.values())) == before else 0
        return Probe(quiet >= QUIET_LOOKS, f"records of {started.run_id} still arrive")

    wait_until(
        look,
        timeout=SETTLE_SEC,
        message=f"the end of what was sent to topic {topic}",
        hint="Does another process publish this replay, on another machine?",
    )
    return found


def _require_order(
    transport: Transport,
    replay: ReplayPlan,
    topic: str,
    known: Mapping[int, Acknowledged],
    found: Mapping[int, list[int]],
) -> None:
    """Raise StackError unless the records that were found are the next ones of their partitions."""
    passed: defaultdict[int, int] = defaultdict(int)
    for number, event in enumerate(replay.events):
        partition = transport.partition_of(event.key, len(known))
        place = passed[partition] - known[partition].records
        passed[partition] += 1
        numbers = found.get(partition, [])
        if 0 <= place < len(numbers) and numbers[place] != number:
            raise _out_of_order(topic, partition, f"record {numbers[place]} where record {number} should be")
    for partition, numbers in found.items():
        if known[partition].records + len(numbers) > passed[partition]:
            raise _out_of_order(topic, partition, "more records of the replay than the replay has")


def _out_of_order(topic: str, partition: int, why: str) -> StackError:
    return StackError(
        f"Partition {partition} of topic {topic} holds {why}: going on would repeat or reorder records.", hint=_ANOTHER
    )
