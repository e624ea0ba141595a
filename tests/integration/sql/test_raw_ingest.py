"""The raw layer on a real broker: what ClickHouse's own Kafka consumer makes of any value that a producer can send."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from confluent_kafka import Producer

from packs.livepeer.oracle.typed.expected import RAW, expected_rows
from packs.livepeer.oracle.values import iso_time
from streamproof.model.waiting import Probe, wait_until
from streamproof.runtime.stack import StackSpec, own_identity, start_stack, stop_stack
from streamproof.warehouse.clickhouse.client import connect, execute, rows
from streamproof.warehouse.clickhouse.migrations import apply_migrations
from tests.unit.values.table import CASES as VALUES
from tests.unit.values.table import Case

pytestmark = pytest.mark.engine

TOPIC = "raw.events"
RECORD_MS = 1_772_035_200_000
CASES = yaml.safe_load((Path(__file__).parent / "raw_cases.yaml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Ingested:
    """The raw rows by offset, which is the number of the case, and the client that read them."""

    client: Any
    by_offset: dict[int, dict[str, Any]]


def value_of(case: dict[str, Any]) -> bytes | None:
    value = case["value"]
    return value.encode() if isinstance(value, str) else value


@pytest.fixture(scope="module")
def ingested(home: Path, cache_dir: Path, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("stack")
    spec = StackSpec(
        name="raw",
        folder=str(folder),
        cache_dir=str(cache_dir),
        home=str(home),
        topics=(TOPIC,),
        owner=own_identity(),
    )
    state = start_stack(spec, timeout=90)
    try:
        server = connect(state.clickhouse)
        execute(server, "CREATE DATABASE raw")
        client = connect(state.clickhouse.using("raw"))
        variables = {
            "kafka": True,
            "retention": False,
            "kafka_bootstrap": state.bootstrap_servers,
            "input_topic": TOPIC,
            "raw_group": "raw",
        }
        apply_migrations(client, home / "include/sql/livepeer/schema", variables)
        producer = Producer(state.kafka.client_config())
        for number, case in enumerate(CASES):
            headers = [("sp-run-id", b"r"), ("sp-sequence", str(number).encode())]
            key = b"stream" if number % 2 else None
            producer.produce(TOPIC, value_of(case), key, headers=headers, timestamp=RECORD_MS + number)
        for number, value in enumerate(VALUES):
            producer.produce(TOPIC, value.value, timestamp=RECORD_MS + len(CASES) + number)
        # The wait is for what lies behind all others.
        producer.produce(TOPIC, b"last", timestamp=RECORD_MS)
        producer.flush(30)
        wanted = 1 + sum(1 for case in CASES if case["value"]) + sum(1 for value in VALUES if value.value)

        def look() -> Probe:
            found = rows(client, "SELECT count() AS n FROM streaming_events")[0]["n"]
            return Probe(found >= wanted, f"{found} of {wanted} raw rows")

        wait_until(look, timeout=60, message="the raw rows", hint="")
        columns = (
            "id, type, timestamp, gateway, data, parse_error, source_topic, source_partition, source_offset, "
            "source_key, headers, event_uid, hex(payload) AS payload, "
            "toUnixTimestamp64Milli(event_timestamp) AS event_ms, "
            "toUnixTimestamp64Milli(source_record_timestamp) AS record_ms"
        )
        found = rows(client, f"SELECT {columns} FROM streaming_events")
        yield Ingested(client, {row["source_offset"]: row for row in found})
    finally:
        stop_stack(folder, timeout=30)


def test_no_value_blocks_the_partition_and_none_is_read_twice(ingested):
    assert rows(ingested.client, "SELECT count() AS n FROM streaming_events") == [{"n": len(ingested.by_offset)}]
    assert max(ingested.by_offset) == len(CASES) + len(VALUES), "the last one is behind every broken one"


def test_only_values_without_bytes_leave_no_raw_row(ingested):
    passed_over = [number for number in range(len(CASES)) if number not in ingested.by_offset]
    assert passed_over == [number for number, case in enumerate(CASES) if not case["value"]]


@pytest.mark.parametrize(
    ("number", "case"),
    [pytest.param(number, case, id=case["what"]) for number, case in enumerate(CASES) if case["value"]],
)
def test_a_value_becomes_a_raw_row(ingested, number, case):
    row = ingested.by_offset[number]
    expected = {"id": "", "type": "", "timestamp": 0, "gateway": "", "data": "", "parse_error": "", **case["row"]}
    assert {name: row[name] for name in expected} == expected
    assert bytes.fromhex(row["payload"]) == value_of(case)
    assert row["event_uid"] == (expected["id"] or hashlib.sha256(value_of(case)).hexdigest())
    assert row["record_ms"] == RECORD_MS + number
    usable = 0 < expected["timestamp"] < 4_102_444_800_000
    assert row["event_ms"] == (expected["timestamp"] if usable else row["record_ms"])
    assert row["headers"] == {"sp-run-id": "r", "sp-sequence": str(number)}
    assert row["source_key"] == ("stream" if number % 2 else "")
    assert (row["source_topic"], row["source_partition"]) == (TOPIC, 0)


def test_the_oracle_computes_every_raw_row(ingested):
    """Every column but the time of the insert, of every case: what the run compares for its own records."""
    records = []
    for number, value in enumerate([*map(value_of, CASES), *(case.value for case in VALUES), b"last"]):
        ours = number < len(CASES)
        key = "stream" if ours and number % 2 else ""
        headers = {"sp-run-id": "r", "sp-sequence": str(number)} if ours else {}
        record_ms = RECORD_MS if value == b"last" else RECORD_MS + number
        records.append((number, value, TOPIC, 0, number, record_ms, key, headers))
    expected = [row for table, row in expected_rows(records) if table == RAW]
    names = ", ".join(name for name in expected[0] if name != "payload")
    found = rows(
        ingested.client, f"SELECT {names}, hex(payload) AS payload FROM streaming_events ORDER BY source_offset"
    )
    seen = [{name: _plain(value) for name, value in row.items()} for row in found]
    for row in expected:
        row["payload"] = (row["payload"].encode() if isinstance(row["payload"], str) else row["payload"]).hex().upper()
    assert [
        (row["source_offset"], name, wanted[name], row[name])
        for row, wanted in zip(seen, expected, strict=True)
        for name in wanted
        if wanted[name] != row[name]
    ] == []


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso_time(value)
    return value.isoformat() if isinstance(value, date) else value


@pytest.mark.parametrize(
    ("number", "value"),
    [pytest.param(number, value, id=value.what) for number, value in enumerate(VALUES, len(CASES)) if value.value],
)
def test_a_value_is_read_as_by_everybody_else(ingested, number: int, value: Case):
    row = ingested.by_offset[number]
    time = row["event_ms"] if row["event_ms"] != row["record_ms"] else None
    assert (row["id"], row["type"], time) == (value.id, value.type, value.time)
    assert (row["parse_error"] == "") == value.readable
    assert bytes.fromhex(row["payload"]) == value.value
    if value.gateway is not None:
        assert row["gateway"] == value.gateway
    if value.text is not None:
        assert row["data"] == (value.text if value.readable else "")
