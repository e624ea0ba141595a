"""What one event becomes: rows by hand from the contract, for every family and every reason to reject one."""

from __future__ import annotations

import copy
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from packs.livepeer.oracle.typed.expected import expected_rows
from packs.livepeer.oracle.typed.rows import silver_table

HERE = Path(__file__).parent
EVENTS: dict[str, dict[str, Any]] = yaml.safe_load((HERE / "row_events.yaml").read_text("utf-8"))
CASES = yaml.safe_load((HERE / "rows.yaml").read_text("utf-8"))
REJECTS = yaml.safe_load((HERE / "rejects.yaml").read_text("utf-8"))
RAW_CASES = yaml.safe_load((HERE / "raw_rows.yaml").read_text("utf-8"))
BESIDE = ("streaming_events", "record_dispositions")
LINEAGE = {"source_topic": "events", "source_partition": 3, "source_offset": 70}
# 2026-06-09T12:00:00.000Z, the Kafka time of every record here.
KAFKA_MS = 1_781_006_400_000


def whole_event(case: dict[str, Any]) -> dict[str, Any]:
    event = copy.deepcopy(EVENTS[case["event"]])
    for path, value in case.get("set", {}).items():
        *parents, last = path.split(".")
        holder = _holder(event, parents)
        holder[int(last) if isinstance(holder, list) else last] = value
    for path in case.get("without", []):
        *parents, last = path.split(".")
        del _holder(event, parents)[last]
    return event


def _holder(event: Any, parents: list[str]) -> Any:
    for name in parents:
        event = event[int(name)] if isinstance(event, list) else event[name]
    return event


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def value_of(case: dict[str, Any]) -> bytes | None:
    if "value" in case:
        value = case["value"]
        return value.encode() if isinstance(value, str) else value
    return compact(whole_event(case)).encode()


def rows_of(*values: bytes | None) -> dict[str, list[dict[str, Any]]]:
    """Return the expected rows of values that lie one after the other in one partition, by table."""
    records = [(n, value, "events", 3, 70 + n, KAFKA_MS, "key", {"h": "v"}) for n, value in enumerate(values)]
    found: dict[str, list[dict[str, Any]]] = {}
    for table, row in expected_rows(records):
        found.setdefault(table, []).append(row)
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_an_accepted_event_becomes_typed_rows(case):
    event = whole_event(case)
    raw = compact(event)
    found = rows_of(raw.encode())
    (disposition,) = found["record_dispositions"]
    assert {table: len(rows) for table, rows in found.items() if table not in BESIDE} == {
        table: len(rows) for table, rows in case["rows"].items()
    }
    for table, rows in case["rows"].items():
        for seen, wanted in zip(found[table], rows, strict=True):
            row = {name: _filled(value, raw, event) for name, value in wanted.items()}
            if case.get("whole"):
                assert seen == row | LINEAGE
            else:
                assert {name: seen[name] for name in row} == row
    silver = silver_table(event["type"])
    assert disposition["disposition"] == "accepted"
    assert disposition["rows_written"] == {
        **{table: len(rows) for table, rows in case["rows"].items()},
        **({silver: 1} if silver else {}),
    }


def _filled(value: Any, raw: str, event: dict[str, Any]) -> Any:
    if value == "<raw>":
        return raw
    if isinstance(value, str) and value.startswith("<item "):
        return compact(event["data"][int(value[6:-1])])
    return value


@pytest.mark.parametrize("case", REJECTS, ids=lambda case: case["name"])
def test_what_is_not_accepted(case):
    values = [value_of(one) for one in (*case.get("after", []), case)]
    found = rows_of(*values)
    disposition = found["record_dispositions"][-1]
    offset = 70 + len(values) - 1
    stage, failure_class, reason = case["why"]
    said = {"failure_stage": stage, "failure_class": failure_class}
    assert disposition["disposition"] == case["becomes"]
    assert {name: disposition[name] for name in (*said, "reason")} == {**said, "reason": reason}
    left = {
        table: [row for row in rows if row["source_offset"] == offset]
        for table, rows in found.items()
        if table not in BESIDE
    }
    assert disposition["rows_written"] == {table: len(rows) for table, rows in left.items() if rows}
    assert {table: len(rows) for table, rows in left.items() if rows} == case["leaves"]
    for row in (
        row for table in ("streaming_events_dlq", "streaming_events_quarantine") for row in left.get(table, [])
    ):
        details = {"failure_reason": reason, "failure_details": case.get("details", "")}
        wanted = {**said, **details, "schema_version": "v1", **LINEAGE, "source_offset": offset, **case.get("row", {})}
        assert {name: row[name] for name in wanted} == wanted
        assert row["source_record_timestamp"] == "2026-06-09T12:00:00.000Z"
    wanted = case.get("disposition", {})
    assert {name: disposition[name] for name in wanted} == wanted


@pytest.mark.parametrize("case", RAW_CASES, ids=lambda case: case["name"])
def test_the_raw_row_of_a_value(case):
    value = value_of(case)
    found = rows_of(value).get("streaming_events", [])
    if not value:
        assert found == []
        return
    blank = {"id": "", "type": "", "timestamp": 0, "gateway": "", "data": "", "parse_error": ""}
    wanted = {
        **blank,
        **LINEAGE,
        "source_record_timestamp": "2026-06-09T12:00:00.000Z",
        "source_key": "key",
        "headers": {"h": "v"},
        "payload": value.decode() if isinstance(case["value"], str) else value,
        "event_timestamp": "2026-06-09T12:00:00.000Z",
        "event_date": "2026-06-09",
        **case["row"],
    }
    wanted["event_uid"] = wanted["id"] or hashlib.sha256(value).hexdigest()
    assert found == [wanted]


def test_records_must_come_in_the_order_of_publishing():
    record = (0, b"", "events", 0, 0, 0, "", {})
    with pytest.raises(ValueError, match="record 0 comes after record 0"):
        list(expected_rows([record, record]))


def test_topics_have_ids_of_their_own():
    value = compact(EVENTS["stream_trace"]).encode()
    records = [(n, value, topic, 0, n, 0, "", {}) for n, topic in enumerate(["a", "b", "a"])]
    dispositions = [row["disposition"] for table, row in expected_rows(records) if table == "record_dispositions"]
    assert dispositions == ["accepted", "accepted", "quarantine"]


def test_the_row_of_each_table_has_the_columns_of_the_table(home):
    """Also of the tables that no case fills whole. Exempt are what the warehouse alone knows."""
    columns = json.loads((home / "include/sql/livepeer/expected_columns.json").read_text())
    found = rows_of(
        *(compact(event).encode() for event in EVENTS.values()), b"{", compact(EVENTS["stream_trace"]).encode()
    )
    assert len(found) == 14
    for table, rows in found.items():
        assert rows[0].keys() == columns[table].keys() - {"ingestion_timestamp", "row_ordinal"}, table
