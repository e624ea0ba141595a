"""The hostile set plants every reject of the pipeline's contract, each with its expectation beside it."""

from __future__ import annotations

import base64
import json
from collections import Counter

import pytest

EXPECTED = {
    ("dlq", "DESERIALIZATION_FAILED", "null_payload"),
    ("dlq", "DESERIALIZATION_FAILED", "json_parse_error"),
    ("dlq", "SCHEMA_INVALID", "root_not_object"),
    ("dlq", "SCHEMA_INVALID", "missing_type"),
    ("dlq", "SCHEMA_INVALID", "missing_timestamp"),
    ("dlq", "SCHEMA_INVALID", "missing_data"),
    ("dlq", "SCHEMA_INVALID", "missing_field"),
    ("dlq", "SCHEMA_INVALID", "empty_array"),
    ("dlq", "SCHEMA_INVALID", "invalid_data_shape"),
    ("dlq", "UNSUPPORTED_VERSION", "unsupported_version"),
    ("dlq", "PARSING_FAILED", "parse_exception"),
    ("dlq", "RECORD_TOO_LARGE", "record_too_large"),
    ("quarantine", "DUPLICATE", "duplicate_event"),
    ("ignored", "", "unsupported_event_type"),
    ("ignored", "", "app_send_stream_request"),
    ("ignored", "", "app_trace_without_session"),
    ("ignored", "", "client_trace_without_session"),
}


@pytest.fixture(scope="module")
def stated(hostile):
    """(line, disposition, class, reason) of every line that states something."""
    return [
        (line, *(line["__expect"].get(key, "") for key in ("disposition", "class", "reason")))
        for session in hostile.sessions
        for line in session.lines
        if "__expect" in line
    ]


def test_every_reject_of_the_contract_is_planted(stated):
    planted = {(disposition, kind, reason) for _, disposition, kind, reason in stated if disposition != "accepted"}
    assert planted == EXPECTED


def test_the_manifest_counts_what_the_lines_state(hostile, stated):
    counts = {name: sum(hostile.manifest["expected"][name].values()) for name in ("dlq", "quarantine", "ignored")}
    found = Counter(disposition for _, disposition, *_ in stated)
    assert counts == {name: found[name] for name in counts}


def test_values_that_are_no_json_are_planted_exactly(stated):
    values = [line["__raw"] for line, *_ in stated if "__raw" in line]
    blobs = [base64.b64decode(value["base64"]) for value in values if value and "base64" in value]
    assert None in values
    assert b"" in blobs
    with pytest.raises(UnicodeDecodeError):
        b"".join(blobs).decode()


@pytest.mark.parametrize(
    ("family", "names"),
    [
        ("stream_trace", {"stream_id", "request_id", "type"}),
        ("ai_stream_status", {"stream_id", "request_id", "pipeline"}),
        ("ai_stream_events", {"stream_id", "request_id", "pipeline", "type"}),
        ("stream_ingest_metrics", {"stream_id", "request_id"}),
        ("create_new_payment", {
            "sessionID", "manifestID", "sender", "recipient", "orchestrator",
            "faceValue", "numTickets", "price", "winProb",
        }),
    ],
)  # fmt: skip
def test_every_required_field_is_missing_once(stated, family, names):
    missing = set()
    for line, _, _, reason in stated:
        if reason == "missing_field" and line.get("type") == family:
            data = json.loads(line["data"]) if isinstance(line["data"], str) else line["data"] or {}
            missing |= {name for name in names if name not in data}
    assert missing == names


def test_the_oversize_row_is_large_and_its_own_reject_row_is_not(stated):
    (line,) = [line for line, *_, reason in stated if reason == "record_too_large"]
    prompt = json.loads(line["data"])["inference_status"]["last_params"]["prompt"]
    assert len(line["data"]) + len(prompt) > 1_000_000 > len(line["data"]) + 100_000


def test_replayed_events_are_marked(stated):
    marked = {
        disposition for line, disposition, *_ in stated if "__replay" in line or '"__replay"' in str(line.get("__raw"))
    }
    assert marked == {"accepted", "dlq", "quarantine"}


def test_every_duplicate_repeats_an_accepted_event(hostile):
    accepted = {row["id"] for session in hostile.sessions for row, _ in session.events}
    for session in hostile.sessions:
        for line in session.lines:
            if line.get("__expect", {}).get("disposition") == "quarantine":
                assert line["id"] in accepted


def test_the_set_stays_small(sets):
    assert sum(path.stat().st_size for path in (sets / "hostile").rglob("*") if path.is_file()) < 1_500_000
