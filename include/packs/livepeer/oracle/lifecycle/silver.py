"""The rows of the silver facts: one for each accepted record, by what the record alone says of who served it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from packs.livepeer.oracle.attribution import NO_METHOD, Attribution, Wallets
from packs.livepeer.oracle.evidence import STATUS, SWAP, Signal
from packs.livepeer.oracle.ingest import IngestSample
from packs.livepeer.oracle.values import iso

Row = dict[str, Any]

_CATEGORIES = ("gateway", "orchestrator", "runner", "app")
_TRACE = "trace:"


def silver_rows(signals: Sequence[Signal], wallets: Wallets) -> Iterator[tuple[str, Row]]:
    """Yield (table, row) for each signal of a sample or milestone. Notices have no silver row."""
    for signal in signals:
        if signal.kind == STATUS:
            yield "fact_stream_status_samples", _status_row(signal, _attributed(signal, wallets))
        elif signal.kind.startswith(_TRACE):
            yield "fact_stream_trace_edges", _trace_row(signal, _attributed(signal, wallets))


def ingest_row(sample: IngestSample) -> Row:
    """Return the row of `fact_stream_ingest_samples` of one sample."""
    moment = iso(sample.time) or ""
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


def _attributed(signal: Signal, wallets: Wallets) -> Attribution | None:
    """Return who stands behind the wallet that a signal names, by its own model hint alone."""
    return wallets.attribute(signal, signal.hint) if signal.address else None


def _status_row(signal: Signal, found: Attribution | None) -> Row:
    """Return the row of `fact_stream_status_samples`: without an attributed model, it is the sample's own label."""
    moment = iso(signal.time) or ""
    method, confidence = (found.method, found.confidence) if found else NO_METHOD
    return {
        "sample_ts": moment,
        "sample_date": moment[:10],
        **_common(signal, found, (found.model if found else "") or signal.hint),
        "gpu_id": found.gpu if found else None,
        "region": None,
        "state": signal.state,
        "output_fps": signal.fps,
        "input_fps": signal.input_fps,
        "gpu_attribution_method": method,
        "gpu_attribution_confidence": confidence,
    }


def _trace_row(signal: Signal, found: Attribution | None) -> Row:
    """Return the row of `fact_stream_trace_edges`. A milestone has no model of its own."""
    moment, trace_type = iso(signal.time) or "", signal.kind.removeprefix(_TRACE)
    return {
        "edge_ts": moment,
        "edge_date": moment[:10],
        **_common(signal, found, found.model if found else ""),
        "trace_type": trace_type,
        "trace_category": next((name for name in _CATEGORIES if trace_type.startswith(f"{name}_")), "other"),
        "is_swap_event": int(signal.kind == SWAP),
    }


def _common(signal: Signal, found: Attribution | None, model: str) -> Row:
    """Return the columns that samples and milestones share. A pipeline that repeats the model's name is none."""
    topic, partition, offset = signal.place
    pipeline = found.pipeline if found else ""
    return {
        "workflow_session_id": signal.session,
        "stream_id": signal.stream,
        "request_id": signal.request,
        "gateway": signal.gateway,
        "orchestrator_address": found.canonical if found else "",
        "orchestrator_url": signal.written_url or (found.url if found else ""),
        "pipeline": "" if pipeline.lower() == model.lower() else pipeline,
        "model_id": model or None,
        "is_attributed": int(found is not None),
        "source_event_uid": signal.uid,
        "source_topic": topic,
        "source_partition": partition,
        "source_offset": offset,
    }
