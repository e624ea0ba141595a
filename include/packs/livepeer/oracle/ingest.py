"""Reads events of the ingest leg: one sample of transport statistics each. They do not affect session facts."""

from __future__ import annotations

from sys import intern
from typing import NamedTuple

from packs.livepeer.oracle.acceptance import Event
from packs.livepeer.oracle.values import number, section, session_id, text, trimmed


class IngestSample(NamedTuple):
    """One set of statistics. `time` is the envelope's, Unix epoch ms; jitter and latency as the event states them.

    `topic`, `partition` and `offset` are the record's.
    """

    session: str
    time: int
    uid: str
    stream: str
    request: str
    quality: str
    video_jitter: float
    audio_jitter: float
    video_latency: float
    audio_latency: float
    bytes_received: int
    bytes_sent: int
    topic: str
    partition: int
    offset: int


def ingest_sample(event: Event, topic: str, partition: int, offset: int) -> IngestSample:
    """Return the sample of an accepted event. Missing values are 0. The last of several tracks of a type counts."""
    data = event.data
    stream, request = trimmed(data["stream_id"]), trimmed(data["request_id"])
    stats = section(data, "stats")
    peer = section(stats, "peer_conn_stats")
    listed = stats.get("track_stats")
    tracks = {text(track.get("type")): track for track in listed or () if isinstance(track, dict)}
    video, audio = section(tracks, "video"), section(tracks, "audio")
    return IngestSample(
        intern(session_id(stream, request, event.event_id)),
        event.time,
        event.uid,
        intern(stream),
        intern(request),
        intern(text(stats.get("conn_quality"))),
        number(video.get("jitter")),
        number(audio.get("jitter")),
        number(video.get("latency")),
        number(audio.get("latency")),
        int(peer.get("BytesReceived") or 0),
        int(peer.get("BytesSent") or 0),
        topic,
        partition,
        offset,
    )
