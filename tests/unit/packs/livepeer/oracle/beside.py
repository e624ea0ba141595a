"""The rows of the processor's core and those that the oracle expects, in one form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from packs.livepeer.oracle.typed.expected import RAW, expected_rows
from packs.livepeer.oracle.typed.gate import FREE_TEXT
from packs.livepeer.oracle.values import iso
from pipelines.livepeer.core import Processor
from pipelines.livepeer.dedup import DedupState
from pipelines.livepeer.event import Record
from pipelines.livepeer.gate import QualityGate
from pipelines.livepeer.lifecycle.tables import SILVER_TABLES
from pipelines.livepeer.tables import COLUMNS, DISPOSITIONS, DLQ

TOPIC = "streaming_events"
DAY = 86_400_000
KAFKA_MS = 1_781_000_500_000

Rows = list[tuple[str, dict[str, Any]]]
Published = tuple[int, bytes | None, str, int, int, int, str, dict[str, str]]


def published(values: Iterable[bytes | None], times: Iterable[int] | None = None) -> list[Published]:
    """Return the records of Kafka values: one partition, and a Kafka time of their own unless it is given."""
    known = iter(times) if times is not None else None
    return [
        (number, value, TOPIC, 0, number, next(known) if known else KAFKA_MS + number, "", {})
        for number, value in enumerate(values)
    ]


def expected(records: Iterable[Published]) -> list[Rows]:
    """Return what the oracle expects, one list a record, without the raw layer, which the core does not write."""
    return list(_by_record((table, row) for table, row in expected_rows(records) if table != RAW))


def processed(records: Iterable[Published]) -> list[Rows]:
    """Return what the core writes, one list a record, in the oracle's form; silver rows are only counted there."""
    processor = Processor(QualityGate(frozenset({"1", "v1"})), DedupState(DAY), 1_000_000)
    found = []
    for _, value, topic, partition, offset, time_ms, _, _ in records:
        outcome = processor.process(Record(topic, partition, offset, time_ms, value), KAFKA_MS)
        lines = [(table, line) for table, line in outcome.rows if table not in SILVER_TABLES]
        found.append([_readable(table, line) for table, line in [*lines, (DISPOSITIONS, outcome.disposition_row)]])
        processor.lifecycle.flush(KAFKA_MS)
    return found


def differences(records: list[Published]) -> list[str]:
    """Return what differs between the two, one line a column."""
    found = []
    for record, wanted, seen in zip(records, expected(records), processed(records), strict=True):
        if [table for table, _ in wanted] != [table for table, _ in seen]:
            found.append(f"{record[:2]}: {[table for table, _ in wanted]} != {[table for table, _ in seen]}")
            continue
        for (table, ours), (_, theirs) in zip(wanted, seen, strict=True):
            found += [
                f"{(record[1] or b'')[:300]!r}: {table}.{name}: expected {ours.get(name)!r}, seen {value!r}"
                for name, value in theirs.items()
                if not (name in ours and ours[name] == (float(value) if isinstance(ours[name], float) else value))
            ]
            found += [f"{table}: no column {name}" for name in ours.keys() - theirs.keys()]
    return found


def _by_record(rows: Iterable[tuple[str, dict[str, Any]]]) -> Iterator[Rows]:
    """Yield the rows of each record: its disposition comes last."""
    held: Rows = []
    for table, row in rows:
        held.append((table, row))
        if table == DISPOSITIONS:
            yield held
            held = []


def _readable(table: str, line: bytes) -> tuple[str, dict[str, Any]]:
    row = dict(zip(COLUMNS[table], orjson.loads(line), strict=True))
    row |= {
        name: iso(int(value.replace(".", "")))
        for name, value in row.items()
        if name.endswith(("timestamp", "_time")) and value is not None
    }
    day = row["event_timestamp"] or row["source_record_timestamp"]
    row["event_date"] = day[:10]
    if table == "ai_stream_status":
        row["event_hour"] = int(day[11:13])
    if table == DLQ and row["failure_reason"] in ("json_parse_error", "parse_exception"):
        row["failure_details"] = row["failure_details"] and FREE_TEXT
    return table, row
