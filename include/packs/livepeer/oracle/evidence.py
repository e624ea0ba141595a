"""What accepted events say: signals about sessions, and snapshots of what orchestrators offer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from sys import intern
from typing import Any, NamedTuple

from packs.livepeer.oracle.acceptance import Event, accept
from packs.livepeer.oracle.columns import is_capability_id, offers
from packs.livepeer.oracle.values import NO_START_MS, epoch_ms, folded, number, section, text, trimmed

EXCUSABLE = (
    "no orchestrators available",
    "mediamtx ingest disconnected",
    "whip disconnected",
    "missing video",
    "ice connection state failed",
    "user disconnected",
)


SWAP = "trace:orchestrator_swap"

# At equal times: requests first, then what names an abandoned orchestrator, closes last.
_RANKS = {"trace:gateway_receive_stream_request": 0, SWAP: 1, "trace:gateway_ingest_stream_closed": 3}
_USUAL_RANK = 2


class Signal(NamedTuple):
    """One statement about one session. Signals are ordered by their first four fields. Times are Unix epoch ms.

    `time` is when it happened, `published` the envelope's time, `sequence` the record's place in the order of
    publishing. `kind` is `trace:<subtype>`, `event:<type>` or `status`. `address` and `url` are those of the
    orchestrator as the event names it (usually a proxy wallet), folded. `fps` is the number as it stands in the event.
    """

    session: str
    time: int
    rank: int
    uid: str
    published: int
    sequence: int
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
    """One model that one canonical wallet offered at one service URI at one time (Unix epoch ms).

    `sequence` is the record's place in the order of publishing.
    """

    sequence: int
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
            first[event.key] = (event.time, sequence, _content(event, sequence))
    signals, snapshots = [], []
    for _, _, content in first.values():
        if isinstance(content, Signal):
            signals.append(content)
        elif content:
            snapshots.extend(content)
    return signals, snapshots


def _content(event: Event, sequence: int) -> Signal | list[Snapshot] | None:
    """Return what an event contributes; None for families that say nothing about sessions."""
    family, data = event.type, event.data
    if family == "network_capabilities":
        return list(_snapshots(event, sequence))
    if family not in ("stream_trace", "ai_stream_status", "ai_stream_events"):
        return None
    stream, request, kind = trimmed(data["stream_id"]), trimmed(data["request_id"]), _kind(family, data)
    time, hint, address, url, started, fps, excusable = event.time, "", "", "", None, 0.0, False
    if family != "stream_trace":
        hint = intern(trimmed(data["pipeline"]))
    if family == "ai_stream_events":
        message = text(data.get("message")).lower()
        excusable = any(phrase in message for phrase in EXCUSABLE)
    else:
        named = section(data, "orchestrator_info")
        address, url = intern(folded(named.get("address"))), intern(folded(named.get("url")).rstrip("/"))
    if family == "stream_trace":
        time = epoch_ms(data.get("timestamp")) or time
    elif family == "ai_stream_status":
        started = _start(data)
        fps = number(section(data, "inference_status").get("fps"))
    session, rank = intern(_session_id(stream, request, event.event_id)), _RANKS.get(kind, _USUAL_RANK)
    place = (session, time, rank, event.uid, event.time, sequence)
    return Signal(*place, kind, intern(stream), intern(request), hint, address, url, started, fps, excusable)


def _start(data: Any) -> int | None:
    """Return a status' own start time; None without one."""
    started = epoch_ms(data.get("start_time")) or 0
    return started if started > NO_START_MS else None


def _kind(family: str, data: Any) -> str:
    """Return the kind of a signal; types of ai events are compared without case."""
    if family == "ai_stream_status":
        return "status"
    named = text(data["type"])
    return intern(f"trace:{named}" if family == "stream_trace" else f"event:{named.strip().lower()}")


def _session_id(stream: str, request: str, event_id: str) -> str:
    """Return the workflow session id of two trimmed parts."""
    if stream or request:
        return f"{stream or '_missing_stream'}|{request or '_missing_request'}"
    return f"_missing_stream|_missing_request|{event_id or '_missing_event'}"


def _snapshots(event: Event, sequence: int) -> Iterator[Snapshot]:
    """Yield what each orchestrator object of a capability event offers."""
    for offer in offers(event.data):
        canonical, local, uri = (intern(folded(offer.get(name))) for name in ("address", "local_address", "orch_uri"))
        # Only a canonical wallet can be an identity, so an object without one says nothing here.
        if canonical:
            for model, pipeline in _models(offer):
                yield Snapshot(
                    sequence, event.time, canonical, local, intern(uri.rstrip("/")), intern(model), intern(pipeline)
                )


def _models(offer: dict[str, Any]) -> set[tuple[str, str]]:
    """Return the (model, pipeline) pairs of an orchestrator: of its hardware, else of its model constraints."""
    hardware = offer.get("hardware")
    if hardware:
        return {(text(entry.get("model_id")), text(entry.get("pipeline"))) for entry in hardware}
    constraints = section(section(offer.get("capabilities"), "constraints"), "PerCapability")
    return {
        (model, "") for name, held in constraints.items() if is_capability_id(name) for model in section(held, "models")
    }
