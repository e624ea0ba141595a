"""The rows of table `replay_ledger`, one for each published record, the same in every kind of warehouse."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from streamproof.model.fixture import Expectation, FixtureEvent
from streamproof.warehouse.base import IdOf, RecordPositions

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

Record = tuple[FixtureEvent, bytes | None]


def ledger_columns(
    positions: RecordPositions,
    batch: Sequence[Record],
    unstated: Expectation,
    id_of: IdOf,
    *,
    first_sequence: int,
    moment: Callable[[int], object],
) -> list[list[Any]]:
    """Return the ledger rows of consecutive records as columns, in the order of COLUMNS.

    `moment` converts Unix milliseconds to what the warehouse takes for a time.
    """
    end = first_sequence + len(batch)
    events = [event for event, _ in batch]
    expectations = [event.expect or unstated for event in events]
    return [
        list(range(first_sequence, end)),
        [positions.topic] * len(batch),
        list(positions.partitions[first_sequence:end]),
        list(positions.offsets[first_sequence:end]),
        [moment(event.publish_ms) for event in events],
        [event.event_id for event in events],
        [event.event_type for event in events],
        [None if event.event_ms is None else moment(event.event_ms) for event in events],
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
