"""The mapping from fields of an event to typed columns: pipeline.md §7 and warehouse.md §3 as data.

Each column has the path of its field in `data` and a reader for its type. `typed.rows` adds the columns that every
typed row has (event time, lineage).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from packs.livepeer.oracle.columns import (
    Reader,
    as_object,
    child,
    children,
    column_text,
    float32,
    free_text,
    int32,
    int64,
    message,
    positive_time,
    time,
    time_or_epoch,
    unsigned,
    wallet,
    warm,
)

Fields = Mapping[str, tuple[str, Reader]]


class Table(NamedTuple):
    """A typed table with one row per record.

    `silver` is the silver table with one row per accepted record, "" for none. `view` prepares the payload.
    """

    name: str
    columns: Fields
    silver: str = ""
    view: Callable[[dict[str, Any]], dict[str, Any]] | None = None


_SESSION: Fields = {"stream_id": ("stream_id", column_text), "request_id": ("request_id", column_text)}
_NAMED_ORCHESTRATOR: Fields = {
    "orchestrator_address": ("orchestrator_info.address", wallet),
    "orchestrator_url": ("orchestrator_info.url", column_text),
}


def _tracks(data: dict[str, Any]) -> dict[str, Any]:
    """Return the payload with its tracks under `video` and `audio`. The last track of a type counts."""
    found = {}
    for track in children(child(data, "stats"), "track_stats"):
        found[column_text(as_object(track).get("type"))] = track
    return {**data, "video": found.get("video"), "audio": found.get("audio")}


def _track_columns(kind: str) -> Fields:
    readers: dict[str, Reader] = {
        "jitter": float32,
        "packets_received": unsigned(32),
        "packets_lost": unsigned(32),
        "packet_loss_pct": float32,
        "rtt": float32,
        "last_input_ts": float32,
        "latency": float32,
    }
    return {f"{kind}_{name}": (f"{kind}.{name}", reader) for name, reader in readers.items()}


ONE_ROW: dict[str, Table] = {
    "ai_stream_status": Table(
        "ai_stream_status",
        {
            **_SESSION,
            **_NAMED_ORCHESTRATOR,
            "pipeline": ("pipeline", column_text),
            "output_fps": ("inference_status.fps", float32),
            "input_fps": ("input_status.fps", float32),
            "state": ("state", column_text),
            "restart_count": ("inference_status.restart_count", unsigned(32)),
            "last_error": ("inference_status.last_error", free_text),
            "last_error_time": ("inference_status.last_error_time", time),
            "prompt_text": ("inference_status.last_params.prompt", free_text),
            "prompt_width": ("inference_status.last_params.width", unsigned(16)),
            "prompt_height": ("inference_status.last_params.height", unsigned(16)),
            "params_hash": ("inference_status.last_params_hash", column_text),
            "start_time": ("start_time", time_or_epoch),
        },
        silver="fact_stream_status_samples",
    ),
    "stream_trace": Table(
        "stream_trace_events",
        {
            **_SESSION,
            **_NAMED_ORCHESTRATOR,
            "trace_type": ("type", column_text),
            "data_timestamp": ("timestamp", positive_time),
        },
        silver="fact_stream_trace_edges",
    ),
    "ai_stream_events": Table(
        "ai_stream_events",
        {
            **_SESSION,
            "pipeline": ("pipeline", column_text),
            "event_type": ("type", column_text),
            "message": ("message", message),
            "capability": ("capability", column_text),
        },
    ),
    "stream_ingest_metrics": Table(
        "stream_ingest_metrics",
        {
            **_SESSION,
            "connection_quality": ("stats.conn_quality", column_text),
            **_track_columns("video"),
            **_track_columns("audio"),
            "bytes_received": ("stats.peer_conn_stats.BytesReceived", unsigned(64)),
            "bytes_sent": ("stats.peer_conn_stats.BytesSent", unsigned(64)),
        },
        silver="fact_stream_ingest_samples",
        view=_tracks,
    ),
    "create_new_payment": Table(
        "payment_events",
        {
            "request_id": ("requestID", column_text),
            "session_id": ("sessionID", column_text),
            "manifest_id": ("manifestID", column_text),
            "sender": ("sender", column_text),
            "recipient": ("recipient", column_text),
            "orchestrator": ("orchestrator", column_text),
            "face_value": ("faceValue", column_text),
            "price": ("price", column_text),
            "num_tickets": ("numTickets", column_text),
            "win_prob": ("winProb", column_text),
            "client_ip": ("clientIP", column_text),
            "capability": ("capability", column_text),
        },
    ),
}

# The columns that all parts of one orchestrator object share.
IDENTITY: Fields = {
    "orchestrator_address": ("address", wallet),
    "local_address": ("local_address", wallet),
    "orch_uri": ("orch_uri", column_text),
}
GPU: Fields = {
    "gpu_id": ("id", free_text),
    "gpu_name": ("name", free_text),
    "gpu_memory_total": ("memory_total", unsigned(64, nullable=True)),
    "gpu_memory_free": ("memory_free", unsigned(64, nullable=True)),
    "gpu_major": ("major", unsigned(8, nullable=True)),
    "gpu_minor": ("minor", unsigned(8, nullable=True)),
}
_SETTINGS: Fields = {
    "runner_version": ("runnerVersion", free_text),
    "capacity": ("capacity", int32),
    "capacity_in_use": ("capacityInUse", int32),
}
# The flag `warm` of a snapshot is an unsigned 8-bit column, that of a constraint a signed 32-bit one.
SNAPSHOT_SETTINGS: Fields = {**_SETTINGS, "warm": ("warm", warm(8))}
CONSTRAINT_SETTINGS: Fields = {**_SETTINGS, "warm": ("warm", warm(31))}
AMOUNTS: Fields = {"price_per_unit": ("pricePerUnit", int64), "pixels_per_unit": ("pixelsPerUnit", int64)}
CONSTRAINT: Fields = {"constraint_name": ("constraint", free_text)}


def read(fields: Fields, holder: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns read from an object's direct members. Raises ColumnValueError."""
    return {column: reader(holder.get(name)) for column, (name, reader) in fields.items()}
