"""Formats rejected records: as an envelope for the reject topic, and as a flat row for the reject table."""

from __future__ import annotations

import base64
from typing import Any, NamedTuple

import orjson

from pipelines.livepeer import failures
from pipelines.livepeer.event import Dimensions, Event, canonical_json, dimensions_of, event_version
from pipelines.livepeer.failures import Failure
from pipelines.livepeer.fields import MAX_MS, moment

SCHEMA_VERSION = "v1"
# Ids and types of an envelope without its payload are cut to this many characters.
LONGEST_LABEL = 256


class Payload(NamedTuple):
    """The body of a rejected record: text as received, or base64 when it is not JSON; None for a null value."""

    encoding: str
    body: str | None
    canonical_json: str | None


def envelope(event: Event, failure: Failure, now_ms: int) -> bytes:
    """Return the JSON envelope for the reject topic. `now_ms` is the processing time, epoch milliseconds."""
    record, payload, dimensions = event.record, _payload(event, failure), _dimensions(event)
    document: dict[str, Any] = {
        "schemaVersion": SCHEMA_VERSION,
        "source": {
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "recordTimestamp": record.timestamp_ms if record.timestamp_ms >= 0 else None,
        },
        "failure": {
            "stage": failure.stage,
            "failureClass": failure.failure_class,
            "reason": failure.reason,
            "details": failure.details,
        },
        "identity": {
            "eventId": event.event_id,
            "eventType": event.event_type,
            "eventVersion": _version(event),
        },
        "dimensions": None if dimensions is None else dimensions._asdict(),
        "payload": {"encoding": payload.encoding, "body": payload.body, "canonicalJson": payload.canonical_json},
        "dedupKey": event.dedup_key or None,
        "dedupStrategy": event.dedup_strategy or None,
        "replay": event.replay,
        "ingestionTimestamp": now_ms,
        "eventTimestamp": event.timestamp_ms,
    }
    return orjson.dumps(document)


def without_body(body: bytes) -> bytes:
    """Return an envelope without its payload. The details of its failure say so."""
    document = orjson.loads(body)
    document["payload"].update(body=None, canonicalJson=None)
    document["failure"]["details"] += f" [payload left out: the envelope had {len(body)} bytes]"
    for part in (document["identity"], document["dimensions"] or {}):
        part.update({name: text[:LONGEST_LABEL] for name, text in part.items() if text})
    return orjson.dumps(document)


def row(event: Event, failure: Failure, now_ms: int) -> tuple[Any, ...]:
    """Return the same facts as a row of the DLQ or quarantine table, in the order of `tables.COLUMNS`."""
    record, payload = event.record, _payload(event, failure)
    dimensions = _dimensions(event) or Dimensions(None, None, None)
    return (
        SCHEMA_VERSION,
        record.topic,
        record.partition,
        record.offset,
        record_moment(event, now_ms),
        event.event_id,
        event.event_type,
        _version(event),
        event_moment(event),
        event.dedup_key or None,
        event.dedup_strategy or None,
        int(event.replay),
        failure.stage,
        failure.failure_class,
        failure.reason,
        failure.details,
        *dimensions,
        payload.encoding,
        payload.body or "",
        payload.canonical_json,
    )


def record_moment(event: Event, now_ms: int) -> str:
    """Return the record's CreateTime in the warehouse's form; the processing time for a record without one."""
    created_ms = event.record.timestamp_ms
    if created_ms == event.timestamp_ms and event.when is not None:
        return event.when
    return moment(min(created_ms if created_ms >= 0 else now_ms, MAX_MS))


def event_moment(event: Event) -> str | None:
    """Return the envelope's time in the warehouse's form; None when it is unknown or beyond the warehouse's dates."""
    if event.when is None and event.timestamp_ms is not None and event.timestamp_ms <= MAX_MS:
        event.when = moment(event.timestamp_ms)
    return event.when


def _version(event: Event) -> str | None:
    return event_version(event.root) if isinstance(event.root, dict) else None


def _dimensions(event: Event) -> Dimensions | None:
    return dimensions_of(event.data) if isinstance(event.root, dict) else None


def _payload(event: Event, failure: Failure) -> Payload:
    if event.record.value is None:
        return Payload("json", None, None)
    if event.text is None:
        return Payload("base64", base64.b64encode(event.record.value).decode(), None)
    canonical = None
    if failure.stage == failures.SCHEMA_VALIDATION and event.text.strip():
        canonical = canonical_json(event.root)
    return Payload("json", event.text, canonical)
