"""Dedup, size guard, reject envelopes and dispositions, through the whole core."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.livepeer.core import LONGEST_LABEL
from pipelines.livepeer.event import Record
from pipelines.livepeer.lifecycle.tables import SESSIONS
from pipelines.livepeer.parsers import FAMILIES as FAMILIES_OF_PARSERS
from pipelines.livepeer.tables import COLUMNS

from . import samples

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip
FAMILIES = sorted(samples.EVENTS)


def check_outcome(record: Record) -> None:
    """Whatever the record: one disposition, its row well-formed, and true about what is written."""
    outcome = samples.processor(max_row_bytes=2000).process(record, samples.NOW_MS)
    row = samples.disposition(outcome)
    assert row["disposition"] == outcome.disposition in ("accepted", "ignored", "dlq", "quarantine")
    written: dict[str, int] = {}
    for table, line in outcome.rows:
        assert len(orjson.loads(line)) == len(COLUMNS[table])
        written[table] = written.get(table, 0) + 1
    assert row["rows_written"] == written
    assert bool(outcome.rejects) == (outcome.disposition in ("dlq", "quarantine"))
    for _, envelope in outcome.rejects:
        assert orjson.loads(envelope)["schemaVersion"] == "v1"


@given(st.binary(max_size=200) | st.none())
def test_any_bytes_get_exactly_one_disposition(value: bytes | None) -> None:
    check_outcome(Record("events", 0, 1, -1, value))


@given(JSON)
def test_any_json_gets_exactly_one_disposition(value: object) -> None:
    check_outcome(Record("events", 0, 1, 2**60, orjson.dumps(value)))


@given(
    st.sampled_from(sorted(samples.EVENTS)),
    st.sampled_from(["id", "timestamp", "gateway", "data", "version", "sender"]),
    JSON,
)
def test_any_envelope_field_gets_exactly_one_disposition(family: str, field: str, value: object) -> None:
    check_outcome(samples.record({**samples.event(family), field: value}))


@given(st.data(), JSON)
def test_any_payload_field_gets_exactly_one_disposition(data: st.DataObject, value: object) -> None:
    family = data.draw(st.sampled_from(FAMILIES))
    made = samples.event(family)
    holder = made["data"][0] if isinstance(made["data"], list) else made["data"]
    while True:
        key = data.draw(st.sampled_from(sorted(holder)))
        if not isinstance(holder[key], dict) or not holder[key] or data.draw(st.booleans()):
            break
        holder = holder[key]
    holder[key] = value
    check_outcome(samples.record(made))


@pytest.mark.parametrize("depth", [200, 300, 1000, 3000])
@pytest.mark.parametrize("family", ["ai_stream_status", "network_capabilities", "discovery_results"])
def test_deep_nesting_gets_exactly_one_disposition(family: str, depth: int) -> None:
    deep = b"[" * depth + b"]" * depth
    for change in (
        {"extra": 17},
        {"data": [{"a": 17}]},
        {"data": {"stream_id": "s", "request_id": "r", "pipeline": "p", "b": 17}},
    ):
        event = {**samples.event(family), "id": None, **change}
        check_outcome(samples.record(orjson.dumps(event).replace(b"17", deep)))


def test_an_internal_error_stops_the_job_and_rejects_no_record(monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(event: object) -> list[Any]:
        raise TypeError("a defect")

    monkeypatch.setitem(FAMILIES_OF_PARSERS, "stream_trace", (("stream_trace_events", parse),))
    with pytest.raises(TypeError, match="a defect"):
        samples.processor().process(samples.record(samples.event("stream_trace")), samples.NOW_MS)


# --- dedup


def run(processor: Any, *values: object, now_ms: int = samples.NOW_MS, topic: str = "events") -> list[str]:
    return [processor.process(samples.record(value, topic=topic), now_ms).disposition for value in values]


def test_the_same_id_with_another_body_is_a_duplicate() -> None:
    first, second = samples.event("stream_trace"), samples.event("stream_trace", {"data.request_id": "other"})

    assert run(samples.processor(), first, second) == ["accepted", "quarantine"]


def test_a_duplicate_is_quarantined_with_its_key_and_writes_nothing_else() -> None:
    processor = samples.processor()
    run(processor, samples.event("stream_trace"))

    outcome = processor.process(samples.record(samples.event("stream_trace"), offset=9), samples.NOW_MS)

    assert [table for table, _ in outcome.rows] == ["streaming_events_quarantine"]
    [row] = samples.rows(outcome, "streaming_events_quarantine")
    assert (row["failure_class"], row["failure_stage"], row["failure_reason"]) == (
        "DUPLICATE", "DEDUP", "duplicate_event",
    )  # fmt: skip
    assert (row["dedup_key"], row["dedup_strategy"]) == (samples.EVENTS["stream_trace"]["id"], "event_id")
    assert row["payload_canonical_json"] is None
    assert outcome.rejects[0][0] == "quarantine"


def test_the_key_lives_for_its_time_from_the_first_sight_only() -> None:
    processor, event = samples.processor(), samples.event("stream_trace")
    start = samples.NOW_MS

    assert run(processor, event, now_ms=start) == ["accepted"]
    assert run(processor, event, now_ms=start + samples.TTL_MS - 1) == ["quarantine"]
    assert run(processor, event, now_ms=start + samples.TTL_MS) == ["accepted"]
    assert run(processor, event, now_ms=start + samples.TTL_MS + 1) == ["quarantine"]


def test_two_topics_may_use_one_id() -> None:
    processor, event = samples.processor(), samples.event("stream_trace")

    assert run(processor, event, topic="a") == run(processor, event, topic="b") == ["accepted"]


def test_events_without_id_are_distinguished_by_their_content() -> None:
    event = samples.event("ai_stream_status", without=["id"])
    other = samples.event("ai_stream_status", {"data.state": "LOADING"}, without=["id"])

    assert run(samples.processor(), event, other, event) == ["accepted", "accepted", "quarantine"]


def test_replay_markers_do_not_change_the_payload_hash() -> None:
    event = samples.event("ai_stream_status", without=["id"])
    marks = {"__replay": True, "__replay_ts": 5, "__replay_source": "dlq", "__replay_failure_class": "X"}
    marked = {**marks, "__replay_count": 1, **event}
    processor = samples.processor()
    run(processor, event)

    outcome = processor.process(samples.record(marked), samples.NOW_MS)

    assert outcome.disposition == "quarantine"
    assert samples.disposition(outcome)["replay"] == 1


@given(st.permutations(sorted(samples.event("ai_stream_status", without=["id"]))), st.randoms())
def test_the_order_of_keys_does_not_change_the_payload_hash(keys: list[str], random: Any) -> None:
    event = samples.event("ai_stream_status", without=["id"])
    shuffled = {key: event[key] for key in keys}
    inner = list(shuffled["data"].items())
    random.shuffle(inner)
    shuffled["data"] = dict(inner)

    assert run(samples.processor(), event, shuffled) == ["accepted", "quarantine"]


def test_the_payload_hash_is_that_of_the_contract() -> None:
    event = samples.event("ai_stream_status", without=["id"])
    address = event["data"]["orchestrator_info"]["address"]
    canonical = orjson.dumps(event, option=orjson.OPT_SORT_KEYS).decode()

    row = samples.disposition(samples.processor().process(samples.record(event), samples.NOW_MS))

    expected = hashlib.sha256(f"ai_stream_status|{address}|null|null|{canonical}".encode()).hexdigest()
    assert (row["dedup_key"], row["dedup_strategy"]) == (expected, "payload_hash")


def test_a_record_that_failed_in_a_parser_or_in_the_guard_may_be_replayed() -> None:
    broken = samples.event("ai_stream_status", {"data.inference_status.fps": "fast"})
    long = samples.event("stream_trace", {"data.note": "x" * 3000})
    processor = samples.processor(max_row_bytes=2000)

    assert run(processor, broken, long) == ["dlq", "dlq"]
    assert run(processor, samples.event("ai_stream_status"), samples.event("stream_trace")) == ["accepted", "accepted"]


def test_a_replay_that_fails_again_is_marked_as_one() -> None:
    broken = samples.event("ai_stream_status", {"data.inference_status.fps": "fast", "__replay": True})
    processor = samples.processor()

    for _ in range(2):
        outcome = processor.process(samples.record(broken), samples.NOW_MS)
        assert samples.rows(outcome, "streaming_events_dlq")[0]["replay"] == 1


def test_a_long_event_id_is_kept_in_the_row_but_not_in_the_key() -> None:
    event = samples.event("stream_trace", {"id": "i" * 5000})

    outcome = samples.processor().process(samples.record(event), samples.NOW_MS)

    row = samples.disposition(outcome)
    assert row["dedup_key"] == hashlib.sha256(b"i" * 5000).hexdigest()
    assert row["event_id"] == "i" * LONGEST_LABEL
    assert samples.rows(outcome, "stream_trace_events")[0]["raw_event_uid"] == "i" * 5000


def test_an_event_without_id_has_the_hash_of_its_text_as_lineage() -> None:
    text = orjson.dumps(samples.event("ai_stream_status", without=["id"]))

    outcome = samples.processor().process(samples.record(text), samples.NOW_MS)

    assert samples.rows(outcome, "ai_stream_status")[0]["raw_event_uid"] == hashlib.sha256(text).hexdigest()


# --- size guard


def test_a_row_of_exactly_the_limit_is_written_and_one_byte_more_is_not() -> None:
    event = samples.event("stream_trace", {"data.note": 'é"' * 500})
    [(_, line), _] = samples.processor().process(samples.record(event), samples.NOW_MS).rows

    at_limit = samples.processor(max_row_bytes=len(line)).process(samples.record(event), samples.NOW_MS)
    beyond = samples.processor(max_row_bytes=len(line) - 1).process(samples.record(event), samples.NOW_MS)

    assert at_limit.disposition == "accepted"
    row = samples.disposition(beyond)
    assert (row["failure_class"], row["failure_stage"], row["reason"]) == (
        "RECORD_TOO_LARGE", "SINK_GUARD", "record_too_large",
    )  # fmt: skip
    details = orjson.loads(beyond.rejects[0][1])["failure"]["details"]
    assert str(len(line)) in details
    assert str(len(line) - 1) in details


def test_an_oversize_reject_row_is_dropped_but_its_envelope_is_not() -> None:
    outcome = samples.processor(max_row_bytes=500).process(samples.record(b"\xff" * 5000), samples.NOW_MS)

    assert outcome.rows == []
    assert outcome.oversize == 1
    assert samples.disposition(outcome)["rows_written"] == {}
    [(kind, envelope)] = outcome.rejects
    assert kind == "dlq"
    assert base64.b64decode(orjson.loads(envelope)["payload"]["body"]) == b"\xff" * 5000


def test_rows_that_fit_are_written_beside_those_that_do_not() -> None:
    event = samples.event("network_capabilities", {"data.0.note": "x" * 3000})

    outcome = samples.processor(max_row_bytes=2500).process(samples.record(event), samples.NOW_MS)

    assert outcome.disposition == "dlq"
    assert samples.disposition(outcome)["rows_written"] == {
        "network_capabilities": 2,
        "network_capabilities_advertised": 1,
        "network_capabilities_model_constraints": 3,
        "network_capabilities_prices": 1,
    }
    assert len(outcome.rejects) == outcome.oversize == 4


# --- sessions


def test_only_what_is_accepted_reaches_its_session() -> None:
    processor, event = samples.processor(max_row_bytes=2000), samples.event("stream_trace")
    broken = samples.event("ai_stream_status", {"data.inference_status.fps": "fast"})
    long = samples.event("stream_trace", {"data.note": "x" * 3000, "id": "long"})

    assert run(processor, event, event, broken, long) == ["accepted", "quarantine", "dlq", "dlq"]

    [session] = processor.lifecycle.flush(samples.NOW_MS)[SESSIONS]
    assert dict(zip(COLUMNS[SESSIONS], session, strict=True))["event_count"] == 1


def test_an_event_whose_silver_row_is_too_long_has_not_happened() -> None:
    capabilities, status = samples.event("network_capabilities"), samples.event("ai_stream_status")
    orchestrator = capabilities["data"][0]
    orchestrator["local_address"] = status["data"]["orchestrator_info"]["address"]
    orchestrator["orch_uri"] = status["data"]["orchestrator_info"]["url"]
    processor = samples.processor(max_row_bytes=50_000)
    # The wallet's name fits its own row, but not together with a sample.
    orchestrator["address"] = "w" * 24_000
    status["data"]["stream_id"] = "s" * 14_000
    assert run(processor, capabilities) == ["accepted"]

    outcome = processor.process(samples.record(status), samples.NOW_MS)

    assert (outcome.disposition, samples.disposition(outcome)["reason"]) == ("dlq", "record_too_large")
    assert samples.disposition(outcome)["rows_written"] == {"ai_stream_status": 1, "streaming_events_dlq": 1}
    assert processor.lifecycle.flush(samples.NOW_MS) == {}
    assert processor.lifecycle.session_count == 0


# --- envelopes and reject rows


def test_the_envelope_of_a_schema_failure() -> None:
    event = samples.event("stream_trace", {"version": 9, "data.broadcaster": "b", "data.region": "", "__replay": 1})
    text = orjson.dumps(event)

    outcome = samples.processor().process(samples.record(text, offset=42), samples.NOW_MS)

    assert orjson.loads(outcome.rejects[0][1]) == {
        "schemaVersion": "v1",
        "source": {"topic": "events", "partition": 0, "offset": 42, "recordTimestamp": 1_781_000_000_000},
        "failure": {
            "stage": "SCHEMA_VALIDATION",
            "failureClass": "UNSUPPORTED_VERSION",
            "reason": "unsupported_version",
            "details": "version '9'",
        },
        "identity": {"eventId": event["id"], "eventType": "stream_trace", "eventVersion": "9"},
        "dimensions": {
            "orchestrator": event["data"]["orchestrator_info"]["address"],
            "broadcaster": "b",
            "region": None,
        },
        "payload": {
            "encoding": "json",
            "body": text.decode(),
            "canonicalJson": orjson.dumps(
                {key: value for key, value in event.items() if key != "__replay"}, option=orjson.OPT_SORT_KEYS
            ).decode(),
        },
        "dedupKey": None,
        "dedupStrategy": None,
        "replay": True,
        "ingestionTimestamp": samples.NOW_MS,
        "eventTimestamp": 1_781_000_000_123,
    }


def test_the_envelope_of_a_null_value() -> None:
    outcome = samples.processor().process(Record("events", 3, 4, -1, None), samples.NOW_MS)

    envelope = orjson.loads(outcome.rejects[0][1])
    assert envelope["payload"] == {"encoding": "json", "body": None, "canonicalJson": None}
    assert envelope["identity"] == {"eventId": "", "eventType": "", "eventVersion": None}
    assert envelope["dimensions"] is None
    assert envelope["source"]["recordTimestamp"] is None
    [row] = samples.rows(outcome, "streaming_events_dlq")
    assert row["source_record_timestamp"] == "1790000000.000"
    assert (row["payload_body"], row["event_timestamp"], row["event_version"]) == ("", None, None)


def test_blanks_are_carried_as_received() -> None:
    outcome = samples.processor().process(samples.record(b" \n "), samples.NOW_MS)

    assert orjson.loads(outcome.rejects[0][1])["payload"] == {"encoding": "json", "body": " \n ", "canonicalJson": None}
    [row] = samples.rows(outcome, "streaming_events_dlq")
    assert (row["payload_body"], row["payload_canonical_json"]) == (" \n ", None)


def test_no_json_is_carried_as_base64() -> None:
    outcome = samples.processor().process(samples.record(b"\xff{"), samples.NOW_MS)

    [row] = samples.rows(outcome, "streaming_events_dlq")
    assert (row["payload_encoding"], base64.b64decode(row["payload_body"])) == ("base64", b"\xff{")


def test_the_row_is_the_projection_of_the_envelope() -> None:
    processor = samples.processor()
    run(processor, samples.event("create_new_payment"))
    outcome = processor.process(samples.record(samples.event("create_new_payment"), offset=5), samples.NOW_MS)

    envelope, [row] = orjson.loads(outcome.rejects[0][1]), samples.rows(outcome, "streaming_events_quarantine")
    assert row == {
        "schema_version": envelope["schemaVersion"],
        "source_topic": envelope["source"]["topic"],
        "source_partition": 0,
        "source_offset": 5,
        "source_record_timestamp": "1781000000.000",
        "event_id": envelope["identity"]["eventId"],
        "event_type": "create_new_payment",
        "event_version": "1",
        "event_timestamp": "1781000001.000",
        "dedup_key": envelope["dedupKey"],
        "dedup_strategy": "event_id",
        "replay": 0,
        "failure_stage": "DEDUP",
        "failure_class": "DUPLICATE",
        "failure_reason": "duplicate_event",
        "failure_details": "",
        "orchestrator": "https://orch-a.example:8935",
        "broadcaster": None,
        "region": None,
        "payload_encoding": "json",
        "payload_body": envelope["payload"]["body"],
        "payload_canonical_json": None,
    }


def test_the_disposition_of_an_accepted_record() -> None:
    outcome = samples.processor().process(samples.record(samples.event("stream_trace"), offset=3), samples.NOW_MS)

    assert samples.disposition(outcome) == {
        "source_topic": "events",
        "source_partition": 0,
        "source_offset": 3,
        "source_record_timestamp": "1781000000.000",
        "event_id": samples.EVENTS["stream_trace"]["id"],
        "event_type": "stream_trace",
        "event_timestamp": "1781000000.123",
        "disposition": "accepted",
        "failure_stage": "",
        "failure_class": "",
        "reason": "",
        "dedup_key": samples.EVENTS["stream_trace"]["id"],
        "dedup_strategy": "event_id",
        "replay": 0,
        "rows_written": {"stream_trace_events": 1, "fact_stream_trace_edges": 1},
    }


def test_an_accepted_record_may_write_no_row() -> None:
    outcome = samples.processor().process(samples.record(samples.event("network_capabilities", {"data": []})), 1)

    assert (outcome.disposition, samples.disposition(outcome)["rows_written"]) == ("accepted", {})
