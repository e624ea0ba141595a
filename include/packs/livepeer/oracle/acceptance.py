"""Which Kafka values are accepted events, and by which key two of them are the same event."""

from __future__ import annotations

import hashlib
import json
from typing import Any, NamedTuple

from packs.livepeer.oracle.columns import is_held, is_text, offers
from packs.livepeer.oracle.reading import envelope_of
from packs.livepeer.oracle.values import LAST_MS, event_id, event_time, section, text

SUPPORTED_VERSIONS = frozenset({"1", "v1"})
# The greatest size of one warehouse row in bytes; a record whose row is greater is rejected.
MAX_ROW_BYTES = 1_000_000

_REPLAY_MARKS = frozenset({"__replay", "__replay_ts", "__replay_source", "__replay_failure_class"})

# Required fields of `data` per family. `stream_trace` requires the envelope's id as well.
_REQUIRED: dict[str, tuple[str, ...]] = {
    "stream_trace": ("stream_id", "request_id", "type"),
    "ai_stream_status": ("stream_id", "request_id", "pipeline"),
    "ai_stream_events": ("stream_id", "request_id", "pipeline", "type"),
    "stream_ingest_metrics": ("stream_id", "request_id"),
    "create_new_payment": (
        "sessionID",
        "manifestID",
        "sender",
        "recipient",
        "orchestrator",
        "faceValue",
        "numTickets",
        "price",
        "winProb",
    ),
    "network_capabilities": (),
    "discovery_results": (),
}

# Texts that a typed row repeats beside the raw text; they count towards the row's size.
_REPEATED: dict[str, tuple[tuple[str, ...], ...]] = {
    "stream_trace": (("stream_id",), ("request_id",), ("type",), ("orchestrator_info", "url")),
    "ai_stream_status": (
        ("stream_id",),
        ("request_id",),
        ("pipeline",),
        ("state",),
        ("orchestrator_info", "url"),
        ("inference_status", "last_error"),
        ("inference_status", "last_params_hash"),
        ("inference_status", "last_params", "prompt"),
    ),
    "ai_stream_events": (("stream_id",), ("request_id",), ("pipeline",), ("type",), ("message",), ("capability",)),
    "stream_ingest_metrics": (("stream_id",), ("request_id",), ("stats", "conn_quality")),
    "create_new_payment": tuple((name,) for name in (*_REQUIRED["create_new_payment"], "requestID", "clientIP")),
}


class Event(NamedTuple):
    """One accepted record.

    `time` is the envelope's, in Unix epoch ms; `uid` names the event in every permutation.
    """

    key: str | bytes
    uid: str
    type: str
    time: int
    event_id: str
    data: Any


def accept(value: bytes | None) -> Event | None:
    """Return the event that a Kafka value holds, or None for one that is rejected or ignored."""
    raw, envelope = envelope_of(value)
    if envelope is None:
        return None
    family, time = envelope.get("type"), event_time(envelope.get("timestamp"))
    if not isinstance(family, str) or family not in _REQUIRED or time is None or not _shape_is_valid(envelope, family):
        return None
    data = envelope["data"]
    if _is_ignored(family, data) or not _can_be_stored(family, time, raw, envelope):
        return None
    named = event_id(envelope.get("id"))
    if not named:
        return Event(_content_key(envelope), _digest(raw).hex(), family, time, "", data)
    return Event(named, named, family, time, named, data)


def _can_be_stored(family: str, time: int, raw: str, envelope: dict[str, Any]) -> bool:
    """Tell whether the warehouse can hold what the event says, in columns and rows."""
    data = envelope["data"]
    if time > LAST_MS or not is_held(family, data) or _is_oversize(family, raw, data):
        return False
    return family != "ai_stream_status" or is_text(envelope.get("gateway"))


def _is_oversize_text(*texts: str) -> bool:
    """Tell whether a row with these texts, written as JSON in UTF-8, is greater than a row may be."""
    return sum(len(json.dumps(part, ensure_ascii=False).encode("utf-8", "replace")) for part in texts) > MAX_ROW_BYTES


def _shape_is_valid(envelope: dict[str, Any], family: str) -> bool:
    """Apply the checks of the quality gate that follow those of type and time."""
    data = envelope.get("data")
    if not _version_is_supported(envelope, data):
        return False
    if family == "network_capabilities":
        return isinstance(data, list | dict)
    if family == "discovery_results":
        return isinstance(data, list) and bool(data)
    if family == "stream_trace" and not event_id(envelope.get("id")):
        return False
    return isinstance(data, dict) and not any(_is_missing(data.get(name)) for name in _REQUIRED[family])


def _version_is_supported(envelope: dict[str, Any], data: Any) -> bool:
    """Judge the version, looked up in the envelope and then in `data`; an absent one is version 1."""
    version = envelope.get("version")
    if version is None and isinstance(data, dict):
        version = data.get("version")
    if version is None:
        return True
    if isinstance(version, float):
        return version.is_integer() and str(int(version)) in SUPPORTED_VERSIONS
    return not isinstance(version, bool) and text(version) in SUPPORTED_VERSIONS


def _is_missing(value: Any) -> bool:
    """Tell whether a required value is absent, null or blank."""
    return value is None or (isinstance(value, str) and not value.strip())


def _is_ignored(family: str, data: Any) -> bool:
    """Tell whether a well-formed event is client noise. The other noise rules need a missing id: never well-formed."""
    return family == "stream_trace" and data["type"] == "app_send_stream_request"


def _may_be_oversize(raw: str) -> bool:
    """Tell whether a row of a record with this text must be measured: most are far too short for that."""
    # A row holds the text and at most as much again, and no character takes more than six bytes.
    return len(raw) * 12 > MAX_ROW_BYTES


def _is_oversize(family: str, raw: str, data: Any) -> bool:
    """Tell whether a typed row of an event is too great; rows of capabilities repeat their orchestrator's object."""
    if not _may_be_oversize(raw):
        return False
    if family == "network_capabilities":
        return any(_is_oversize_text(json.dumps(offer, ensure_ascii=False)) for offer in offers(data))
    if family not in _REPEATED:
        return False
    repeated = []
    for path in _REPEATED[family]:
        holder = data
        for name in path[:-1]:
            holder = section(holder, name)
        repeated.append(text(holder.get(path[-1])))
    return _is_oversize_text(raw, *repeated)


def _content_key(envelope: dict[str, Any]) -> bytes:
    """Return the key of an event without id: its whole content, without the marks that a replay adds."""
    content = {name: value for name, value in envelope.items() if name not in _REPLAY_MARKS}
    return _digest(json.dumps(content, sort_keys=True))


def _digest(content: str) -> bytes:
    return hashlib.sha256(content.encode("utf-8")).digest()
