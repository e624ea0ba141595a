"""The expected row of a rejected record: the envelope of pipeline.md §6 as flat columns."""

from __future__ import annotations

import base64

from packs.livepeer.oracle.typed.gate import event_version
from packs.livepeer.oracle.typed.judged import Dimensions, Failure, Judged, Row, Source, canonical_json, dimensions_of
from packs.livepeer.oracle.values import LAST_MS, iso

SCHEMA_VERSION = "v1"


def record_time(time_ms: int) -> str:
    """Return a record's Kafka time in ISO-8601, limited to the last date of the warehouse."""
    return iso(min(time_ms, LAST_MS)) or ""


def event_time(judged: Judged) -> str | None:
    """Return the envelope's time in ISO-8601; None when it is absent or beyond the warehouse's dates."""
    return iso(judged.time) if judged.time is not None and judged.time <= LAST_MS else None


def reject_row(
    judged: Judged, failure: Failure, value: bytes | None, source: Source, time_ms: int, key: tuple[str, str]
) -> Row:
    """Return the row of a reject table. `key` is (dedup key, strategy), blank for a record without a key."""
    is_envelope = isinstance(judged.root, dict)
    when, recorded = event_time(judged), record_time(time_ms)
    encoding, body, canonical = _payload(judged, failure, value)
    dimensions = dimensions_of(judged.data) if is_envelope else Dimensions()
    return {
        "schema_version": SCHEMA_VERSION,
        "source_topic": source.topic,
        "source_partition": source.partition,
        "source_offset": source.offset,
        "source_record_timestamp": recorded,
        "event_id": judged.event_id,
        "event_type": judged.family,
        "event_version": event_version(judged.root) if is_envelope else None,
        "event_timestamp": when,
        "event_date": (when or recorded)[:10],
        "dedup_key": key[0] or None,
        "dedup_strategy": key[1] or None,
        "replay": int(is_replay(judged)),
        "failure_stage": failure.stage,
        "failure_class": failure.failure_class,
        "failure_reason": failure.reason,
        "failure_details": failure.details,
        **dimensions._asdict(),
        "payload_encoding": encoding,
        "payload_body": body,
        "payload_canonical_json": canonical,
    }


def is_replay(judged: Judged) -> bool:
    """Return whether the envelope is marked as a replay: by any value that is not false, null, 0 or empty."""
    return isinstance(judged.root, dict) and bool(judged.root.get("__replay"))


def _payload(judged: Judged, failure: Failure, value: bytes | None) -> tuple[str, str, str | None]:
    """Return (encoding, body, canonical JSON) of a rejected value. Only schema failures have the canonical JSON."""
    if value is None or not value.strip():
        return "json", (value or b"").decode("ascii"), None
    if not judged.raw:
        return "base64", base64.b64encode(value).decode("ascii"), None
    return "json", judged.raw, canonical_json(judged) if failure.stage == "SCHEMA_VALIDATION" else None
