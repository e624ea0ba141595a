"""The quality gate of the contract (pipeline.md §2), with the ignored traffic of events.md §6.

The first rule that a value breaks decides. Readings where the contract leaves a choice:
- A blank text is missing, also as an id or a version.
- Versions are compared trimmed; a whole number counts as its digits.
- Ignored traffic is recognised before the version is checked.
- When the payload is not an object, the family's first required field is missing.
"""

from __future__ import annotations

from typing import Any

from packs.livepeer.oracle.reading import Reading
from packs.livepeer.oracle.typed.judged import Failure, Judged
from packs.livepeer.oracle.values import event_id, event_time, section, trimmed

SUPPORTED_VERSIONS = frozenset({"1", "v1"})

# The `failure_details` where the contract allows any text, such as that of an exception.
FREE_TEXT = "(free text)"

# Required fields of `data` per family, in the order of checking. `stream_trace` needs an `id` first.
REQUIRED: dict[str, tuple[str, ...]] = {
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

_CLIENT_NOISE = frozenset(
    {
        "stream_heartbeat",
        "pipeline_load_start",
        "pipeline_loaded",
        "session_created",
        "stream_started",
        "playback_ready",
        "session_closed",
        "stream_stopped",
        "pipeline_unloaded",
        "websocket_connected",
        "websocket_disconnected",
        "error",
    }
)
# The names of JSON types in reject records.
_KINDS = {list: "list", dict: "dict", str: "str", bool: "bool", int: "int", float: "float", type(None): "NoneType"}


def judge(value: bytes | None, reading: Reading) -> Judged:
    """Judge one Kafka value; `reading` is the value as read before."""
    raw, root, problem = reading
    if problem:
        return Judged("", None, failure=_no_json(value), problem=problem)
    if not isinstance(root, dict):
        return Judged(raw, root, failure=_malformed("root_not_object", f"the root is {_KINDS[type(root)]}"))
    family = root.get("type")
    judged = Judged(
        raw,
        root,
        family if isinstance(family, str) else "",
        event_id(root.get("id")),
        event_time(root.get("timestamp")),
    )
    failure = _envelope_failure(judged)
    return judged if failure is None else judged._replace(failure=failure)


def event_version(root: dict[str, Any]) -> str:
    """Return the schema version: the envelope's, else the payload's, else `1`."""
    data = root.get("data")
    if "version" not in root and not (isinstance(data, dict) and "version" in data):
        return "1"
    for holder in (root, data):
        version = holder.get("version") if isinstance(holder, dict) else None
        if isinstance(version, dict | list):
            return "(object)" if isinstance(version, dict) else "(array)"
        if isinstance(version, float) and version.is_integer():
            return str(int(version))
        if trimmed(version):
            return trimmed(version)
    return "1"


def _envelope_failure(judged: Judged) -> Failure | None:
    """Apply the rules from the fourth on."""
    root, family = judged.root, judged.family
    if not isinstance(root.get("type"), str):
        return _malformed("missing_type")
    if judged.time is None:
        return _malformed("missing_timestamp")
    if "data" not in root:
        return _malformed("missing_data")
    noise = _noise(root, family)
    if noise:
        return Failure("", "", noise)
    return _version_failure(root) or _payload_failure(judged)


def _no_json(value: bytes | None) -> Failure:
    """Return the failure of a value that is not JSON. An empty value fails as one that is not an object."""
    if value is not None and not value.strip():
        return _malformed("root_not_object", "empty value")
    reason, details = ("null_payload", "") if value is None else ("json_parse_error", FREE_TEXT)
    return Failure("DESERIALIZATION", "DESERIALIZATION_FAILED", reason, details)


def _version_failure(root: dict[str, Any]) -> Failure | None:
    version = event_version(root)
    if version in SUPPORTED_VERSIONS:
        return None
    return Failure("SCHEMA_VALIDATION", "UNSUPPORTED_VERSION", "unsupported_version", f"version {version[:80]!r}")


def _payload_failure(judged: Judged) -> Failure | None:
    if judged.family in ("network_capabilities", "discovery_results"):
        return _array_failure(judged.family, judged.data)
    return _object_failure(judged)


def _object_failure(judged: Judged) -> Failure | None:
    data = judged.data
    if judged.family == "stream_trace" and not judged.event_id:
        return _malformed("missing_field", "id")
    for name in REQUIRED[judged.family]:
        if not isinstance(data, dict) or _is_missing(data.get(name)):
            return _malformed("missing_field", f"data.{name}")
    return None


def _array_failure(family: str, data: Any) -> Failure | None:
    if _is_missing(data):
        return _malformed("missing_field", "data")
    if family == "discovery_results":
        return None if isinstance(data, list) and data else _malformed("empty_array")
    return None if isinstance(data, list | dict) else _malformed("invalid_data_shape", f"data is {_KINDS[type(data)]}")


def _noise(root: dict[str, Any], family: str) -> str:
    """Return the ignore family of a record, "" for a record that is not ignored."""
    if family not in REQUIRED:
        return "unsupported_event_type"
    data = root["data"]
    kind = data.get("type") if family == "stream_trace" and isinstance(data, dict) else None
    if not isinstance(kind, str):
        return ""
    if kind == "app_send_stream_request":
        return kind
    sender = section(root, "sender")
    sent_by = trimmed(sender.get("type")), trimmed(sender.get("id"))
    no_stream = _is_missing(data.get("stream_id"))
    if kind.startswith("app_") and sent_by == ("app", "daydream"):
        return "app_trace_without_session" if no_stream or _is_missing(data.get("request_id")) else ""
    from_client = sent_by == ("", "") and trimmed(data.get("client_source")) == "scope"
    return "client_trace_without_session" if from_client and no_stream and kind in _CLIENT_NOISE else ""


def _malformed(reason: str, details: str = "") -> Failure:
    return Failure("SCHEMA_VALIDATION", "SCHEMA_INVALID", reason, details)


def _is_missing(value: Any) -> bool:
    """Return whether a required value is absent, null or blank."""
    return value is None or (isinstance(value, str) and not value.strip())
