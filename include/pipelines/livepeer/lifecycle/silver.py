"""Silver facts: one row per accepted status, trace and ingest record, final when written.

Their attribution uses only the record's own wallet, URL, model hint and time, never other signals of the session. The
reason: rollups add the rows up, so a row cannot be revised later.
"""

from __future__ import annotations

from typing import Any

from pipelines.livepeer import tables
from pipelines.livepeer.lifecycle import rules
from pipelines.livepeer.lifecycle.attribution import Decision
from pipelines.livepeer.lifecycle.signals import Identity, StatusRow, TraceRow, identity_of

Row = tuple[Any, ...]

_INGEST = tables.COLUMNS["stream_ingest_metrics"]
_INGEST_STREAM, _INGEST_REQUEST, _INGEST_UID = (
    _INGEST.index(name) for name in ("stream_id", "request_id", "raw_event_uid")
)
_INGEST_VALUES = tuple(
    _INGEST.index(name)
    for name in (
        "connection_quality",
        "video_jitter",
        "audio_jitter",
        "video_latency",
        "audio_latency",
        "bytes_received",
        "bytes_sent",
        "raw_event_uid",
        "source_topic",
        "source_partition",
        "source_offset",
    )
)


def status_sample(row: StatusRow, identity: Identity, decision: Decision) -> Row:
    """Return a row of `fact_stream_status_samples`. Without attribution, the model is the sample's own label."""
    model = decision.model or row.pipeline.strip()
    return (
        row.event_timestamp,
        *identity,
        row.gateway,
        decision.address,
        row.orchestrator_url or decision.url,
        workflow_class(decision, model),
        model or None,
        decision.gpu,
        None,
        row.state,
        row.output_fps,
        row.input_fps,
        int(bool(decision.address)),
        decision.method,
        decision.confidence,
        row.raw_event_uid,
        row.source_topic,
        row.source_partition,
        row.source_offset,
    )


def trace_edge(row: TraceRow, identity: Identity, gateway: str, decision: Decision) -> Row:
    """Return a row of `fact_stream_trace_edges`. A trace names no model: it is known only if the host has just one."""
    return (
        row.data_timestamp,
        *identity,
        gateway,
        decision.address,
        row.orchestrator_url or decision.url,
        workflow_class(decision, decision.model),
        decision.model or None,
        row.trace_type,
        rules.trace_category(row.trace_type),
        int(row.trace_type == rules.SWAP),
        int(bool(decision.address)),
        row.raw_event_uid,
        row.source_topic,
        row.source_partition,
        row.source_offset,
    )


def ingest_sample(row: Row) -> Row:
    """Return a row of `fact_stream_ingest_samples`, a plain projection of a row of `stream_ingest_metrics`."""
    identity = identity_of(row[_INGEST_STREAM], row[_INGEST_REQUEST], row[_INGEST_UID])
    return (row[0], *identity, *(row[place] for place in _INGEST_VALUES))


def workflow_class(decision: Decision, model: str) -> str:
    """Return the pipeline of a decision, blank when it only repeats the model's name."""
    pipeline = decision.pipeline
    return "" if not pipeline or pipeline.lower() == model.lower() else pipeline
