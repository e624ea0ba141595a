"""What accepted events say: signals about sessions, and snapshots of what orchestrators offer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from sys import intern
from typing import Any, NamedTuple

from packs.livepeer.oracle.acceptance import Event, accept, is_oversize_text
from packs.livepeer.oracle.values import folded, positive_ms, section, stored_float, text, trimmed

EXCUSABLE = (
    "no orchestrators available",
    "mediamtx ingest disconnected",
    "whip disconnected",
    "missing video",
    "ice connection state failed",
    "user disconnected",
)


class Signal(NamedTuple):
    """One statement about one session. Times are Unix epoch ms.

    `time` is when it happened, `published` the envelope's time. `kind` is `trace:<subtype>`, `event:<type>` or
    `status`. `address` and `url` are those of the orchestrator as the event names it (usually a proxy wallet), folded.
    """

    session: str
    time: int
    published: int
    uid: str
    kind: str
    stream: str
    request: str
    hint: str = ""
    address: str = ""
    url: str = ""
    started: int | None = None
    fps: float = 0.0
    excusable: bool = False


class Snapshot(NamedTuple):
    """One model that one canonical wallet offered at one service URI at one time (Unix epoch ms)."""

    time: int
    canonical: str
    local: str
    uri: str
    model: str
    pipeline: str


def gather(records: Iterable[tuple[int, bytes | None]]) -> tuple[list[Signal], list[Snapshot]]:
    """Return the signals and snapshots of all records: of events with one key only the first by (event time, sequence).

    `records` are (sequence, Kafka value) pairs in any order.
    """
    first: dict[str | bytes, tuple[int, int, Signal | list[Snapshot] | None]] = {}
    for sequence, value in records:
        event = accept(value)
        if event is None:
            continue
        held = first.get(event.key)
        if held is None or (event.time, sequence) < held[:2]:
            first[event.key] = (event.time, sequence, _content(event))
    signals, snapshots = [], []
    for _, _, content in first.values():
        if isinstance(content, Signal):
            signals.append(content)
        elif content:
            snapshots.extend(content)
    return signals, snapshots


def _content(event: Event) -> Signal | list[Snapshot] | None:
    """Return what an event contributes; None for families that say nothing about sessions."""
    if event.type == "network_capabilities":
        return list(_snapshots(event))
    if event.type not in ("stream_trace", "ai_stream_status", "ai_stream_events"):
        return None
    data = event.data
    stream, request = trimmed(data.get("stream_id")), trimmed(data.get("request_id"))
    session = intern(_session_id(stream, request, event.event_id))
    common = (event.uid, *_kind(event.type, data), intern(stream), intern(request))
    if event.type == "stream_trace":
        return Signal(
            session, positive_ms(data.get("timestamp")) or event.time, event.time, *common, "", *_orchestrator(data)
        )
    hint = intern(trimmed(data.get("pipeline")))
    if event.type == "ai_stream_events":
        message = text(data.get("message")).lower()
        excusable = any(phrase in message for phrase in EXCUSABLE)
        return Signal(session, event.time, event.time, *common, hint, excusable=excusable)
    started, fps = positive_ms(data.get("start_time")), stored_float(section(data, "inference_status").get("fps"))
    return Signal(session, event.time, event.time, *common, hint, *_orchestrator(data), started, fps)


def _kind(family: str, data: Any) -> tuple[str]:
    """Return the kind of a signal; types of ai events are compared without case."""
    if family == "ai_stream_status":
        return ("status",)
    return (
        intern(f"trace:{text(data['type'])}" if family == "stream_trace" else f"event:{text(data['type']).lower()}"),
    )


def _session_id(stream: str, request: str, event_id: str) -> str:
    """Return the workflow session id of two trimmed parts."""
    if stream or request:
        return f"{stream or '_missing_stream'}|{request or '_missing_request'}"
    return f"_missing_stream|_missing_request|{event_id or '_missing_event'}"


def _orchestrator(data: Any) -> tuple[str, str]:
    """Return the folded wallet and URL that an event names."""
    named = section(data, "orchestrator_info")
    return intern(folded(named.get("address"))), intern(folded(named.get("url")))


def _snapshots(event: Event) -> Iterator[Snapshot]:
    """Yield what each orchestrator object of a capability event offers."""
    for offer in event.data if isinstance(event.data, list) else [event.data]:
        # Only a canonical wallet can be an identity, so an object without one says nothing here.
        if not isinstance(offer, dict) or not folded(offer.get("address")):
            continue
        if event.is_bulky and is_oversize_text(json.dumps(offer, ensure_ascii=False)):
            continue
        canonical, local, uri = (intern(folded(offer.get(name))) for name in ("address", "local_address", "orch_uri"))
        for model, pipeline in _models(offer):
            yield Snapshot(event.time, canonical, local, uri, intern(model), intern(pipeline))


def _models(offer: dict[str, Any]) -> set[tuple[str, str]]:
    """Return the (model, pipeline) pairs of an orchestrator: of its hardware, else of its model constraints."""
    hardware = offer.get("hardware")
    entries = [entry for entry in hardware if isinstance(entry, dict)] if isinstance(hardware, list) else []
    if entries:
        return {(trimmed(entry.get("model_id")), trimmed(entry.get("pipeline"))) for entry in entries}
    constraints = section(section(offer.get("capabilities"), "constraints"), "PerCapability")
    return {
        (model.strip(), "") for name, held in constraints.items() if name.isdigit() for model in section(held, "models")
    }
