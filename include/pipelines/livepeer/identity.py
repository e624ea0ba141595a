"""Identifiers: normalised wallets and URLs, the session id, and the lineage id of an event."""

from __future__ import annotations

import hashlib

MISSING_STREAM = "_missing_stream"
MISSING_REQUEST = "_missing_request"
MISSING_EVENT = "_missing_event"


def normalised_address(address: str) -> str:
    """Return a wallet address trimmed and in lower case; blank becomes `""`."""
    return address.strip().lower()


def host_of(url: str) -> str:
    """Return the form of a URL for comparison: trimmed, in lower case, without a slash at the end."""
    return url.strip().lower().rstrip("/")


def event_uid(event_id: str, raw_json: str) -> str:
    """Return the lineage id of an event's rows: the event id, else the SHA-256 (hex) of the received text."""
    return event_id or hashlib.sha256(raw_json.encode()).hexdigest()


def workflow_session_id(stream_id: str, request_id: str, event_id: str) -> str:
    """Return `stream|request`. A missing half gets a fixed name; when both are missing, the event id is used."""
    stream, request = stream_id.strip(), request_id.strip()
    if stream or request:
        return f"{stream or MISSING_STREAM}|{request or MISSING_REQUEST}"
    return f"{MISSING_STREAM}|{MISSING_REQUEST}|{event_id or MISSING_EVENT}"
