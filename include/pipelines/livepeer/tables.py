"""The columns that the processor writes, by table, in the order of the values of a row.

`ingestion_timestamp` and MATERIALIZED columns are not listed: the warehouse fills them itself.
"""

from __future__ import annotations

from pipelines.livepeer.lifecycle import tables as lifecycle

DLQ = "streaming_events_dlq"
QUARANTINE = "streaming_events_quarantine"
DISPOSITIONS = "record_dispositions"

LINEAGE = ("raw_json", "raw_event_uid", "source_topic", "source_partition", "source_offset")

_SESSION = ("event_timestamp", "stream_id", "request_id")
_ORCHESTRATOR = ("event_timestamp", "source_event_id", "orchestrator_address", "local_address", "orch_uri")
_CAPABILITY = ("capability_id", "capability_name", "capability_group", "capability_catalog_version")


def _track(prefix: str) -> tuple[str, ...]:
    names = ("jitter", "packets_received", "packets_lost", "packet_loss_pct", "rtt", "last_input_ts", "latency")
    return tuple(f"{prefix}_{name}" for name in names)


_REJECTS = (
    "schema_version",
    "source_topic",
    "source_partition",
    "source_offset",
    "source_record_timestamp",
    "event_id",
    "event_type",
    "event_version",
    "event_timestamp",
    "dedup_key",
    "dedup_strategy",
    "replay",
    "failure_stage",
    "failure_class",
    "failure_reason",
    "failure_details",
    "orchestrator",
    "broadcaster",
    "region",
    "payload_encoding",
    "payload_body",
    "payload_canonical_json",
)

COLUMNS: dict[str, tuple[str, ...]] = {
    "ai_stream_status": (
        *_SESSION,
        "gateway",
        "orchestrator_address",
        "orchestrator_url",
        "pipeline",
        "output_fps",
        "input_fps",
        "state",
        "restart_count",
        "last_error",
        "last_error_time",
        "prompt_text",
        "prompt_width",
        "prompt_height",
        "params_hash",
        "start_time",
        *LINEAGE,
    ),
    "stream_trace_events": (
        *_SESSION,
        "orchestrator_address",
        "orchestrator_url",
        "trace_type",
        "data_timestamp",
        *LINEAGE,
    ),
    "ai_stream_events": (*_SESSION, "pipeline", "event_type", "message", "capability", *LINEAGE),
    "stream_ingest_metrics": (
        *_SESSION,
        "connection_quality",
        *_track("video"),
        *_track("audio"),
        "bytes_received",
        "bytes_sent",
        *LINEAGE,
    ),
    "discovery_results": ("event_timestamp", "orchestrator_address", "orchestrator_url", "latency_ms", *LINEAGE),
    "payment_events": (
        "event_timestamp",
        "request_id",
        "session_id",
        "manifest_id",
        "sender",
        "recipient",
        "orchestrator",
        "face_value",
        "price",
        "num_tickets",
        "win_prob",
        "client_ip",
        "capability",
        *LINEAGE,
    ),
    "network_capabilities": (
        *_ORCHESTRATOR,
        "gpu_id",
        "gpu_name",
        "gpu_memory_total",
        "gpu_memory_free",
        "gpu_major",
        "gpu_minor",
        "pipeline",
        "model_id",
        *_CAPABILITY,
        "runner_version",
        "capacity",
        "capacity_in_use",
        "warm",
        "price_per_unit",
        "pixels_per_unit",
        "orchestrator_version",
        *LINEAGE,
    ),
    "network_capabilities_advertised": (*_ORCHESTRATOR, *_CAPABILITY, "capacity", *LINEAGE),
    "network_capabilities_model_constraints": (
        *_ORCHESTRATOR,
        *_CAPABILITY,
        "model_id",
        "runner_version",
        "capacity",
        "capacity_in_use",
        "warm",
        *LINEAGE,
    ),
    "network_capabilities_prices": (
        *_ORCHESTRATOR,
        *_CAPABILITY,
        "constraint_name",
        "price_per_unit",
        "pixels_per_unit",
        *LINEAGE,
    ),
    DLQ: _REJECTS,
    QUARANTINE: _REJECTS,
    DISPOSITIONS: (
        "source_topic",
        "source_partition",
        "source_offset",
        "source_record_timestamp",
        "event_id",
        "event_type",
        "event_timestamp",
        "disposition",
        "failure_stage",
        "failure_class",
        "reason",
        "dedup_key",
        "dedup_strategy",
        "replay",
        "rows_written",
    ),
    **lifecycle.COLUMNS,
}
