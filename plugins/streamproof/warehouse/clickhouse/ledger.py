"""Table `replay_ledger`: one row for each published record. Only the replay writes it."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

import orjson

from streamproof.model.fixture import Expectation, FixtureEvent
from streamproof.warehouse.base import IdOf, RecordPositions
from streamproof.warehouse.clickhouse.client import refusals

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

TABLE = "replay_ledger"
COLUMNS = (
    "sequence",
    "source_topic",
    "source_partition",
    "source_offset",
    "record_timestamp",
    "event_id",
    "event_type",
    "event_timestamp",
    "scenario",
    "workflow_session_id",
    "value_kind",
    "value_sha256",
    "expected_disposition",
    "expected_class",
    "expected_reason",
    "accounted_id",
    "key_sha256",
    "headers_sha256",
)
BATCH_ROWS = 50_000
POSITIONS = f"SELECT source_topic, source_partition, source_offset FROM {TABLE} ORDER BY sequence"  # noqa: S608


def _moment(milliseconds: int) -> str:
    """Return Unix milliseconds as text that ClickHouse reads exactly: ten digits of seconds, a point, three digits."""
    digits = f"{milliseconds:013d}"
    return f"{digits[:10]}.{digits[10:]}"


Record = tuple[FixtureEvent, bytes | None]


def write_ledger(
    client: Client, positions: RecordPositions, records: Iterable[Record], unstated: Expectation, id_of: IdOf
) -> int:
    """Insert one row for every published record and return their number.

    `records` are events with their values, in the order of publishing. `unstated` is the expectation for a record
    whose fixture line states none. `id_of` returns the id by which the pack accounts for an event.
    Raises WarehouseError when ClickHouse refuses the rows.
    """
    with refusals("The ledger of the replay could not be written", hint="Look at ClickHouse's log in stack/logs."):
        remaining, start = iter(records), 0
        while batch := list(islice(remaining, BATCH_ROWS)):
            columns = ledger_columns(positions, batch, unstated, id_of, first_sequence=start)
            lines = b"\n".join(map(orjson.dumps, zip(*columns, strict=True)))
            client.raw_insert(TABLE, column_names=COLUMNS, insert_block=lines, fmt="JSONCompactEachRow")
            start += len(batch)
    return start


def read_positions(client: Client) -> Iterator[tuple[str, int, int]]:
    """Return topic, partition and offset of every published record in that order. Raises WarehouseError.

    All have been read on return, so the client can be used again. A record takes 16 bytes of memory.
    """
    topics: dict[str, int] = {}
    columns = array("I"), array("I"), array("q")
    refused = refusals("The ledger of the replay could not be read", hint="Look at ClickHouse's log in stack/logs.")
    with refused, client.query_column_block_stream(POSITIONS) as blocks:
        for names, partitions, offsets in blocks:
            columns[0].extend(topics.setdefault(str(name), len(topics)) for name in names)
            columns[1].extend(iter(partitions))
            columns[2].extend(iter(offsets))
    named = list(topics)
    return ((named[topic], partition, offset) for topic, partition, offset in zip(*columns, strict=True))


def ledger_columns(
    positions: RecordPositions,
    batch: Sequence[Record],
    unstated: Expectation,
    id_of: IdOf,
    *,
    first_sequence: int,
) -> list[list[Any]]:
    """Return the ledger rows of consecutive records as columns, in the order of COLUMNS."""
    end = first_sequence + len(batch)
    events = [event for event, _ in batch]
    expectations = [event.expect or unstated for event in events]
    return [
        list(range(first_sequence, end)),
        [positions.topic] * len(batch),
        list(positions.partitions[first_sequence:end]),
        list(positions.offsets[first_sequence:end]),
        [_moment(event.publish_ms) for event in events],
        [event.event_id for event in events],
        [event.event_type for event in events],
        [None if event.event_ms is None else _moment(event.event_ms) for event in events],
        [event.session.scenario for event in events],
        [event.session.id for event in events],
        [event.value_kind for event in events],
        ["" if value is None else hashlib.sha256(value).hexdigest() for _, value in batch],
        [expectation.disposition for expectation in expectations],
        [expectation.failure_class for expectation in expectations],
        [expectation.reason for expectation in expectations],
        [id_of(event, value) for event, value in batch],
        # A record without a key counts as one with a key of no bytes: the Kafka engine does not tell these apart.
        [hashlib.sha256(event.key or b"").hexdigest() for event in events],
        [hashlib.sha256(_headers_text(event)).hexdigest() for event in events],
    ]


def _headers_text(event: FixtureEvent) -> bytes:
    """Return every name and value of the event's own headers, each with a NUL after it; a null value has no bytes."""
    return b"".join(name.encode() + b"\0" + (value or b"") + b"\0" for name, value in event.headers)
