"""Rows of the silver and session tables, as the oracle computes them and as the processor's core writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import orjson
import pytest

from packs.livepeer.oracle.lifecycle import expected_rows
from packs.livepeer.oracle.values import iso
from pipelines.livepeer.core import Processor
from pipelines.livepeer.dedup import DedupState
from pipelines.livepeer.event import Record
from pipelines.livepeer.gate import QualityGate
from pipelines.livepeer.lifecycle import tables

TOPIC = "events"
DAY = 86_400_000
MAX_ROW_BYTES = 1_000_000

# What names a row within its table: of rows with one key the last that the processor writes counts.
KEYS = {
    tables.STATUS_SAMPLES: ("source_offset",),
    tables.TRACE_EDGES: ("source_offset",),
    tables.INGEST_SAMPLES: ("source_offset",),
    tables.SESSIONS: ("workflow_session_id",),
    tables.SEGMENTS: ("workflow_session_id", "segment_index"),
    tables.PARAM_UPDATES: ("workflow_session_id", "update_ts", "source_event_uid"),
    tables.EDGE_COVERAGE: ("workflow_session_id", "signal_ts", "source_event_uid"),
    tables.LATENCY: ("workflow_session_id",),
}
# The columns that ClickHouse computes from another one.
DATES = {
    tables.STATUS_SAMPLES: ("sample_date", "sample_ts"),
    tables.TRACE_EDGES: ("edge_date", "edge_ts"),
    tables.INGEST_SAMPLES: ("sample_date", "sample_ts"),
    tables.SESSIONS: ("session_date", "session_start_ts"),
    tables.SEGMENTS: ("segment_date", "segment_start_ts"),
    tables.PARAM_UPDATES: ("update_date", "update_ts"),
    tables.EDGE_COVERAGE: ("signal_date", "signal_ts"),
    tables.LATENCY: ("sample_date", "sample_ts"),
}

Rows = dict[tuple[Any, ...], dict[str, Any]]
Records = list[tuple[int, bytes | None]]


def published(records: Records) -> list[tuple[Any, ...]]:
    """The records as the harness knows them after a replay: with topic, partition, offset, time, key and headers."""
    return [(sequence, value, TOPIC, 0, sequence, 0, "", {}) for sequence, value in records]


def expected(records: Records) -> Rows:
    """The oracle's rows by table and key."""
    found: Rows = {}
    for table, row in expected_rows(published(records)):
        key = _key(table, row)
        assert key not in found, f"two rows with the key {key}"
        found[key] = row
    return found


def processed(records: Records, flush_after: int = 1 << 62) -> Rows:
    """The processor's rows by table and key, when it writes sessions after every so many records and at the end.

    Of a session's segments those of its newest version.
    """
    processor = Processor(QualityGate(frozenset({"1", "v1"})), DedupState(DAY), MAX_ROW_BYTES)
    written: list[tuple[str, dict[str, Any]]] = []
    for count, (sequence, value) in enumerate(records, start=1):
        outcome = processor.process(Record(TOPIC, 0, sequence, 0, value), 0)
        written += [(table, _readable(table, orjson.loads(line))) for table, line in outcome.rows if table in KEYS]
        if count % flush_after == 0:
            written += _flushed(processor)
    written += _flushed(processor)
    newest = {row["workflow_session_id"]: row["version"] for table, row in written if table == tables.SESSIONS}
    return {
        _key(table, row): {name: value for name, value in row.items() if name != "version"}
        for table, row in written
        if table != tables.SEGMENTS or row["version"] == newest[row["workflow_session_id"]]
    }


def _flushed(processor: Processor) -> Iterable[tuple[str, dict[str, Any]]]:
    return ((table, _readable(table, row)) for table, rows in processor.lifecycle.flush(0).items() for row in rows)


def _readable(table: str, row: Iterable[Any]) -> dict[str, Any]:
    """A row by column, times as the oracle writes them, with the date that ClickHouse computes."""
    named = dict(zip(tables.COLUMNS[table], row, strict=True))
    for name, value in named.items():
        if name.endswith("_ts") and value is not None:
            named[name] = iso(int(value.replace(".", "")))
    date, moment = DATES[table]
    return named | {date: named[moment][:10]}


def _key(table: str, row: dict[str, Any]) -> tuple[Any, ...]:
    return (table, *(row[name] for name in KEYS[table]))


def differences(records: Records, flush_after: int = 1 << 62) -> list[str]:
    """What differs between oracle and processor: a line for each row or column."""
    wanted, seen = expected(records), processed(records, flush_after)
    lines = [f"{key}: only expected" for key in wanted.keys() - seen.keys()]
    lines += [f"{key}: only written" for key in seen.keys() - wanted.keys()]
    for key in wanted.keys() & seen.keys():
        assert wanted[key].keys() == seen[key].keys(), f"other columns of {key[0]}"
        lines += [
            f"{key} {name}: expected {wanted[key][name]!r}, written {seen[key][name]!r}"
            for name in wanted[key]
            if wanted[key][name] != seen[key][name]
        ]
    return sorted(lines)


@pytest.fixture(scope="session")
def rows_of() -> Callable[[Records], Rows]:
    """The function that returns the oracle's rows of records, by table and key."""
    return expected


@pytest.fixture(scope="session")
def find_differences() -> Callable[..., list[str]]:
    """The function that compares oracle and processor on records."""
    return differences
