"""The quality gate, check by check, as a table of cases."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from . import samples

GATE_CASES = samples.cases("gate")


def value_of(case: dict[str, Any]) -> bytes | None:
    if "value" in case:
        value = case["value"]
        return value.encode() if isinstance(value, str) else value
    return orjson.dumps(samples.event(case["family"], case.get("set"), case.get("without")))


@pytest.mark.parametrize("case", GATE_CASES, ids=lambda case: case["name"])
def test_case(case: dict[str, Any]) -> None:
    outcome = samples.processor().process(samples.record(value_of(case), offset=7), samples.NOW_MS)

    row = samples.disposition(outcome)
    assert (outcome.disposition, row["failure_class"], row["failure_stage"], row["reason"]) == (
        case["result"],
        case.get("class", ""),
        case.get("stage", ""),
        case.get("reason", ""),
    )
    assert row["source_offset"] == 7
    if case["result"] == "dlq":
        [reject] = samples.rows(outcome, "streaming_events_dlq")
        assert case.get("details", "") in reject["failure_details"]
        [(kind, envelope)] = outcome.rejects
        assert kind == "dlq"
        assert orjson.loads(envelope)["failure"]["reason"] == case["reason"]
    if case["result"] == "ignored":
        assert outcome.rows == outcome.rejects == []


def test_unsupported_types_go_to_the_dead_letters_when_configured() -> None:
    processor = samples.processor(ignore_unsupported=False)

    outcome = processor.process(samples.record(samples.event("stream_trace", {"type": "job_auth"})), samples.NOW_MS)

    assert samples.disposition(outcome)["failure_class"] == "SCHEMA_INVALID"
    assert samples.disposition(outcome)["reason"] == "unsupported_event_type"


def test_application_traces_are_judged_when_configured() -> None:
    processor = samples.processor(ignore_traces=False)
    trace = samples.event("stream_trace", {"data.type": "app_send_stream_request"}, ["data.stream_id"])

    assert samples.disposition(processor.process(samples.record(trace), samples.NOW_MS))["reason"] == "missing_field"


def test_an_empty_version_set_switches_the_check_off() -> None:
    processor = samples.processor(versions=())

    outcome = processor.process(samples.record(samples.event("stream_trace", {"version": "77"})), samples.NOW_MS)

    assert outcome.disposition == "accepted"
