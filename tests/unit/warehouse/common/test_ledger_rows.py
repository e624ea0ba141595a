"""What the ledger says of a published record."""

from __future__ import annotations

import hashlib

from streamproof.model.fixture import NULL_VALUE, Expectation, FixtureEvent, FixtureSession
from streamproof.transport.base import Published
from streamproof.warehouse.clickhouse.ledger import moment
from streamproof.warehouse.common.ledger_rows import COLUMNS, ledger_columns

HEADERS = (("trace", b"7"), ("empty", None))
SESSION = FixtureSession("scenario_1", "s|r", "a.jsonl")
PUBLISHED = Published("in", 3, [0, 1, 0], [5, 7, 6], {0: 5, 1: 7}, {0: 7, 1: 8}, 0.5)


def test_every_column_of_a_record():
    dlq = Expectation("dlq", "SCHEMA_INVALID", "missing_field")
    records = [
        (
            FixtureEvent(
                SESSION, 1, "id-1", "stream_trace", 1_772_226_000_005, 1_772_226_000_009, b"s", 0, 2, None, HEADERS
            ),
            b"{}",
        ),
        (FixtureEvent(SESSION, 2, "", "", None, 5, None, 0, NULL_VALUE, dlq), None),
    ]
    columns = ledger_columns(
        PUBLISHED,
        records,
        Expectation("accepted"),
        lambda event, _value: f"of {event.line}",
        first_sequence=1,
        moment=moment,
    )
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in zip(*columns, strict=True)]
    assert rows[0] == {
        "sequence": 1,
        "source_topic": "in",
        "source_partition": 1,
        "source_offset": 7,
        "record_timestamp": "1772226000.009",
        "event_id": "id-1",
        "event_type": "stream_trace",
        "event_timestamp": "1772226000.005",
        "scenario": "scenario_1",
        "workflow_session_id": "s|r",
        "value_kind": "bytes",
        "value_sha256": hashlib.sha256(b"{}").hexdigest(),
        "expected_disposition": "accepted",
        "expected_class": "",
        "expected_reason": "",
        "accounted_id": "of 1",
        "key_sha256": hashlib.sha256(b"s").hexdigest(),
        "headers_sha256": hashlib.sha256(b"trace\x007\x00empty\x00\x00").hexdigest(),
    }
    assert rows[1]["sequence"] == 2
    assert (rows[1]["record_timestamp"], rows[1]["event_timestamp"]) == ("0000000000.005", None)
    assert rows[1]["key_sha256"] == rows[1]["headers_sha256"] == hashlib.sha256(b"").hexdigest()
    assert (rows[1]["value_kind"], rows[1]["value_sha256"]) == ("null", "")
    assert (rows[1]["expected_disposition"], rows[1]["expected_reason"]) == ("dlq", "missing_field")


def test_the_rate_is_records_per_second():
    assert PUBLISHED.rate_per_sec == 6.0
