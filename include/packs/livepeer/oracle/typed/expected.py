"""Every row of the raw and typed layers, reject tables and dispositions included, from the published values alone.

Of several copies of one event, the first accepted one in the order of publishing counts. The later ones are
quarantined. A record that is rejected, even in part, is no earlier copy.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from packs.livepeer.oracle.acceptance import Event, accepted_event, judged_value
from packs.livepeer.oracle.typed.judged import Failure, Judged, Row, Source, dedup_key
from packs.livepeer.oracle.typed.raw import raw_row
from packs.livepeer.oracle.typed.rejects import event_time, is_replay, record_time, reject_row
from packs.livepeer.oracle.typed.rows import silver_table, typed
from packs.livepeer.oracle.typed.size import MAX_ROW_BYTES, may_be_oversize, row_bytes

RAW = "streaming_events"
DLQ = "streaming_events_dlq"
QUARANTINE = "streaming_events_quarantine"
DISPOSITIONS = "record_dispositions"

_DUPLICATE = Failure("DEDUP", "DUPLICATE", "duplicate_event")
_NO_KEY = ("", "")
# A disposition repeats only this many characters of ids and types, which producers may make as long as they like.
_LONGEST_LABEL = 256


class Record(NamedTuple):
    """One published record: its number in the order of publishing, its value, and its Kafka coordinates and time."""

    sequence: int
    value: bytes | None
    topic: str
    partition: int
    offset: int
    time_ms: int
    key: str
    headers: Mapping[str, str]


class _Outcome(NamedTuple):
    """The outcome of a record: `rows` of the typed tables, and `failures` in order."""

    disposition: str
    rows: list[tuple[str, Row]]
    failures: list[Failure]
    key: tuple[str, str] = _NO_KEY


def _ignore_event(_event: Event, _sequence: int, _source: Source) -> None:
    """Ignore an accepted event: the default of `accept`."""


def expected_rows(
    records: Iterable[tuple[Any, ...]],
    accept: Callable[[Event, int, Source], None] = _ignore_event,
    context: Collection[int] = (),
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (table, row) for every expected row of the raw and typed layers, reject tables and dispositions included.

    `accept` is called with every accepted event, its sequence and its source, in the order of publishing.

    `records` are (sequence, value, topic, partition, offset, Kafka time in epoch ms, key, headers) in the order of
    publishing. Times are ISO-8601 UTC with three decimals, dates ISO. `failure_details` is `(free text)` where the text
    of an exception is allowed. Records with a sequence in `context` are judged, but their rows are not yielded. Raises
    ValueError when the records are out of order.
    """
    accepted: set[bytes] = set()
    previous = -1
    for fields in records:
        record = Record(*fields)
        if record.sequence <= previous:
            raise ValueError(f"record {record.sequence} comes after record {previous}")
        previous = record.sequence
        rows = _rows(record, accepted, accept)
        if record.sequence in context:
            deque(rows, maxlen=0)
        else:
            yield from rows


def _rows(
    record: Record, accepted: set[bytes], accept: Callable[[Event, int, Source], None]
) -> Iterator[tuple[str, Row]]:
    value, source = record.value, Source(record.topic, record.partition, record.offset)
    judged = judged_value(value)
    if value:
        yield RAW, raw_row(judged, value, source, record.time_ms, record.key, record.headers)
    outcome = _outcome_of(judged, source, accepted)
    written: dict[str, int] = {}
    for table, row in outcome.rows:
        written[table] = written.get(table, 0) + 1
        yield table, row
    if outcome.disposition == "accepted":
        accept(accepted_event(judged), record.sequence, source)
        if silver_table(judged.family):
            written[silver_table(judged.family)] = 1
    if outcome.disposition in ("dlq", "quarantine"):
        table = DLQ if outcome.disposition == "dlq" else QUARANTINE
        for failure in outcome.failures:
            row = reject_row(judged, failure, value, source, record.time_ms, outcome.key)
            # The pipeline drops a reject row that is itself too large.
            if not (may_be_oversize(value or b"") and row_bytes(row) > MAX_ROW_BYTES):
                written[table] = written.get(table, 0) + 1
                yield table, row
    yield DISPOSITIONS, _disposition(judged, outcome, source, record.time_ms, written)


def _outcome_of(judged: Judged, source: Source, accepted: set[bytes]) -> _Outcome:
    """Return the outcome of a record, and add its key to `accepted` when it is accepted."""
    if judged.failure is not None:
        return _Outcome("dlq" if judged.failure.failure_class else "ignored", [], [judged.failure])
    key = dedup_key(judged)
    mark = hashlib.blake2b(f"{source.topic}\0{key[0]}".encode(), digest_size=16).digest()
    if mark in accepted:
        return _Outcome("quarantine", [], [_DUPLICATE], key)
    rows, failures = typed(judged, source)
    if failures:
        return _Outcome("dlq", rows, failures, key)
    accepted.add(mark)
    return _Outcome("accepted", rows, [], key)


def _disposition(judged: Judged, outcome: _Outcome, source: Source, time_ms: int, written: dict[str, int]) -> Row:
    when, recorded = event_time(judged), record_time(time_ms)
    first = outcome.failures[0] if outcome.failures else Failure("", "", "")
    return {
        "source_topic": source.topic,
        "source_partition": source.partition,
        "source_offset": source.offset,
        "source_record_timestamp": recorded,
        "event_id": judged.event_id[:_LONGEST_LABEL],
        "event_type": judged.family[:_LONGEST_LABEL],
        "event_timestamp": when,
        "event_date": (when or recorded)[:10],
        "disposition": outcome.disposition,
        "failure_stage": first.stage,
        "failure_class": first.failure_class,
        "reason": first.reason,
        "dedup_key": outcome.key[0],
        "dedup_strategy": outcome.key[1],
        "replay": int(is_replay(judged)),
        "rows_written": written,
    }
