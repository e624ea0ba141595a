"""Every row of the raw and typed layers, reject tables and dispositions included, from the published values alone.

Of several copies of one event the first that is accepted, in the order of publishing, is the event; the later ones are
quarantined. A record that is rejected, also in part, does not use up its id.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
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
# Ids and types are the producers' own text: a disposition repeats only so many characters of them.
_LONGEST_LABEL = 256


class Record(NamedTuple):
    """One published record: its place in the order of publishing, its value, and where and when Kafka has it."""

    sequence: int
    value: bytes | None
    topic: str
    partition: int
    offset: int
    time_ms: int
    key: str
    headers: Mapping[str, str]


class _Outcome(NamedTuple):
    """What became of a record: `rows` are those of the typed tables, `failures` what is wrong with it, in order."""

    disposition: str
    rows: list[tuple[str, Row]]
    failures: list[Failure]
    key: tuple[str, str] = _NO_KEY


def _nobody_listens(_event: Event, _sequence: int, _place: Source) -> None:
    """Take an accepted event and do nothing with it."""


def expected_rows(
    records: Iterable[tuple[Any, ...]], accept: Callable[[Event, int, Source], None] = _nobody_listens
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (table, row) of everything that the records leave in the raw and typed layers.

    `accept` is called with every event that is accepted, its sequence and its place, in the order of publishing.

    `records` are (sequence, value, topic, partition, offset, Kafka time in epoch ms, key, headers) in the order of
    publishing. Times are ISO-8601 UTC with three decimals, dates ISO. `failure_details` is `(free text)` where it holds
    the words of an exception. Raises ValueError when the records are out of order.
    """
    accepted: set[bytes] = set()
    previous = -1
    for fields in records:
        record = Record(*fields)
        if record.sequence <= previous:
            raise ValueError(f"record {record.sequence} comes after record {previous}")
        previous = record.sequence
        yield from _rows(record, accepted, accept)


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
            # A reject row that is itself too large is dropped, so that no rejection is ever rejected.
            if not (may_be_oversize(value or b"") and row_bytes(row) > MAX_ROW_BYTES):
                written[table] = written.get(table, 0) + 1
                yield table, row
    yield DISPOSITIONS, _disposition(judged, outcome, source, record.time_ms, written)


def _outcome_of(judged: Judged, source: Source, accepted: set[bytes]) -> _Outcome:
    """Decide about a record, and remember it when it is accepted."""
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
