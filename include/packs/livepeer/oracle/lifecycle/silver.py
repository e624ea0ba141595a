"""The rows of the silver facts: one per accepted record. The attribution uses the record alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from packs.livepeer.oracle.attribution import NOBODY, Attribution, pipeline_beside
from packs.livepeer.oracle.evidence import STATUS, SWAP, Signal
from packs.livepeer.oracle.ingest import IngestSample
from packs.livepeer.oracle.values import iso_moment

Row = dict[str, Any]

_CATEGORIES = ("gateway", "orchestrator", "runner", "app")
_TRACE = "trace:"


def silver_rows(signals: Sequence[Signal], own: Sequence[Attribution | None]) -> Iterator[tuple[str, Row]]:
    """Yield (table, row) for each sample and milestone; notices have no silver row. `own`: their own attributions."""
    for signal, found in zip(signals, own, strict=True):
        if signal.kind == STATUS:
            yield "fact_stream_status_samples", _status_row(signal, found or NOBODY)
        elif signal.kind.startswith(_TRACE):
            yield "fact_stream_trace_edges", _trace_row(signal, found or NOBODY)


def ingest_row(sample: IngestSample) -> Row:
    """Return the row of `fact_stream_ingest_samples` of one sample."""
    moment = iso_moment(sample.time)
    return {
        "sample_ts": moment,
        "sample_date": moment[:10],
        "workflow_session_id": sample.session,
        "stream_id": sample.stream,
        "request_id": sample.request,
        "connection_quality": sample.quality,
        "video_jitter": sample.video_jitter,
        "audio_jitter": sample.audio_jitter,
        "video_latency": sample.video_latency,
        "audio_latency": sample.audio_latency,
        "bytes_received": sample.bytes_received,
        "bytes_sent": sample.bytes_sent,
        "source_event_uid": sample.uid,
        "source_topic": sample.topic,
        "source_partition": sample.partition,
        "source_offset": sample.offset,
    }


def _status_row(signal: Signal, found: Attribution) -> Row:
    """Return the row of `fact_stream_status_samples`. Without an attributed model, the sample's own label is used."""
    moment, model = iso_moment(signal.time), found.model or signal.hint
    topic, partition, offset = signal.position
    return {
        "sample_ts": moment,
        "sample_date": moment[:10],
        "workflow_session_id": signal.session,
        "stream_id": signal.stream,
        "request_id": signal.request,
        "gateway": signal.gateway,
        "orchestrator_address": found.canonical,
        "orchestrator_url": signal.written_url or found.url,
        "pipeline": pipeline_beside(model, found.pipeline),
        "model_id": model or None,
        "gpu_id": found.gpu,
        "region": None,
        "state": signal.state,
        "output_fps": signal.fps,
        "input_fps": signal.input_fps,
        "is_attributed": int(bool(found.canonical)),
        "gpu_attribution_method": found.method,
        "gpu_attribution_confidence": found.confidence,
        "source_event_uid": signal.uid,
        "source_topic": topic,
        "source_partition": partition,
        "source_offset": offset,
    }


def _trace_row(signal: Signal, found: Attribution) -> Row:
    """Return the row of `fact_stream_trace_edges`. A milestone has no model of its own."""
    moment, trace_type = iso_moment(signal.time), signal.kind.removeprefix(_TRACE)
    topic, partition, offset = signal.position
    return {
        "edge_ts": moment,
        "edge_date": moment[:10],
        "workflow_session_id": signal.session,
        "stream_id": signal.stream,
        "request_id": signal.request,
        "gateway": signal.gateway,
        "orchestrator_address": found.canonical,
        "orchestrator_url": signal.written_url or found.url,
        "pipeline": pipeline_beside(found.model, found.pipeline),
        "model_id": found.model or None,
        "trace_type": trace_type,
        "trace_category": next((name for name in _CATEGORIES if trace_type.startswith(f"{name}_")), "other"),
        "is_swap_event": int(signal.kind == SWAP),
        "is_attributed": int(bool(found.canonical)),
        "source_event_uid": signal.uid,
        "source_topic": topic,
        "source_partition": partition,
        "source_offset": offset,
    }
