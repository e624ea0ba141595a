"""`stream_ingest_metrics`: WebRTC transport statistics of the ingest leg."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.livepeer.event import Event
from pipelines.livepeer.fields import child, children, entry, float32, text, unsigned

_NO_TRACK: Mapping[str, Any] = {}


def parse(event: Event) -> list[tuple[Any, ...]]:
    """Return the one row of a sample. A missing track leaves zeros; of several tracks of a kind the last one counts."""
    data = event.data
    stats = child(data, "stats")
    peer = child(stats, "peer_conn_stats")
    tracks: dict[object, Mapping[str, Any]] = {}
    for item in children(stats, "track_stats"):
        track = entry(item, "track_stats")
        tracks[text(track, "type")] = track
    return [
        (
            event.when,
            text(data, "stream_id"),
            text(data, "request_id"),
            text(stats, "conn_quality"),
            *_track(tracks.get("video", _NO_TRACK)),
            *_track(tracks.get("audio", _NO_TRACK)),
            unsigned(peer, "BytesReceived", 64),
            unsigned(peer, "BytesSent", 64),
            *event.lineage(event.text or ""),
        )
    ]


def _track(track: Mapping[str, Any]) -> tuple[float | int, ...]:
    """Return the seven columns of a track, in the order of the table."""
    return (
        float32(track, "jitter"),
        unsigned(track, "packets_received", 32),
        unsigned(track, "packets_lost", 32),
        float32(track, "packet_loss_pct"),
        float32(track, "rtt"),
        float32(track, "last_input_ts"),
        float32(track, "latency"),
    )
