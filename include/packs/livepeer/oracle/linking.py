"""Says which records of a run concern each other, so that the others can be judged apart from them."""

from __future__ import annotations

from packs.livepeer.oracle.acceptance import judged_value
from packs.livepeer.oracle.reading import read_value
from packs.livepeer.oracle.typed.judged import dedup_key
from packs.livepeer.oracle.values import event_id, session_id, text

_SESSION_FAMILIES = frozenset({"stream_trace", "ai_stream_status", "ai_stream_events", "stream_ingest_metrics"})


def links(value: bytes | None) -> tuple[tuple[str, ...], bool]:
    """Return the names that a record has in common with those that concern it, and whether it concerns all sessions.

    A name is the key by which copies of an event are found, or the id of a session. Capabilities concern all sessions.
    """
    root = read_value(value).root
    if not isinstance(root, dict):
        return (), False
    family, uid, data = root.get("type"), event_id(root.get("id")), root.get("data")
    names = [f"event {uid or dedup_key(judged_value(value))[0]}"]
    if isinstance(family, str) and family in _SESSION_FAMILIES and isinstance(data, dict):
        stream, request = (text(data.get(name)).strip() for name in ("stream_id", "request_id"))
        names.append(f"session {session_id(stream, request, '')}")
    return tuple(names), family == "network_capabilities"
