"""The rows of a session's newest version: the session itself, its latencies, segments and parameter updates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from packs.livepeer.oracle.evidence import CLOSE, PARAMS_UPDATE, PLAYABLE, PROCESSED, REQUEST, STATUS, Signal
from packs.livepeer.oracle.facts import ByKind, edges, grouped, outcome, times, wallet_changes
from packs.livepeer.oracle.segments import Present, Segment
from packs.livepeer.oracle.values import iso, iso_moment

Row = dict[str, Any]

WORKFLOW_TYPE = "ai_live_video_stream"
_EDGE_SEMANTICS = "v1"
_LATENCIES = {
    "prompt_to_first_frame_ms": "has_prompt_to_first_frame",
    "startup_time_ms": "has_startup_time",
    "e2e_latency_ms": "has_e2e_latency",
}
# The largest count that a 16-bit column can store.
_MOST = 0xFFFF
_TRACE = "trace:"


def session_rows(signals: Sequence[Signal], segments: Sequence[Segment]) -> Iterator[tuple[str, Row]]:
    """Yield (table, row) of one session. `signals` are all of the session, in order; `segments` are its segments."""
    by_kind = grouped(signals)
    identity = {
        "workflow_session_id": signals[0].session,
        "stream_id": _first(signal.stream for signal in signals),
        "request_id": _first(signal.request for signal in signals),
    }
    facts = times(signals) | edges(by_kind)
    gateway = _first(signal.gateway for signal in signals)
    present = segments[-1].present(segments[-1].last)
    latencies = {name: facts.pop(name) for name in _LATENCIES}
    start = facts["session_start_ts"]
    yield (
        "fact_workflow_sessions",
        {
            **identity,
            **facts,
            "gateway": gateway,
            "session_date": start[:10],
            **_constants(signals, present),
            **_served(present),
            "region": None,
            **_counted(signals, by_kind, segments),
            **_health(by_kind),
        },
    )
    yield "fact_workflow_latency_samples", identity | _latency(start, gateway, present, latencies)
    yield from (("fact_workflow_session_segments", identity | row) for row in _segments(segments))
    if PARAMS_UPDATE in by_kind:
        yield from (("fact_workflow_param_updates", identity | row) for row in _updates(segments))


def _constants(signals: Sequence[Signal], present: Present) -> Row:
    """Return the identity of a session, and its first and last events."""
    return {
        "workflow_type": WORKFLOW_TYPE,
        "workflow_id": present.pipeline or WORKFLOW_TYPE,
        "session_id": "",
        "event_count": len(signals),
        "source_first_event_uid": signals[0].uid,
        "source_last_event_uid": signals[-1].uid,
    }


def _served(present: Present) -> Row:
    """Return the attribution columns that sessions, segments and parameter updates share."""
    return {
        "orchestrator_address": present.orchestrator_address,
        "orchestrator_url": present.orchestrator_url,
        "pipeline": present.pipeline,
        "model_id": present.model or None,
        "gpu_id": present.gpu,
        "gpu_attribution_method": present.method,
        "gpu_attribution_confidence": present.confidence,
    }


def _counted(signals: Sequence[Signal], by_kind: ByKind, segments: Sequence[Segment]) -> Row:
    """Return the outcome flags, the counts of errors and changes, and whether model or pipeline changed."""
    facts = outcome(by_kind)
    swaps = min(facts["confirmed_swap_count"], _MOST)
    labels = [segment.labels() for segment in segments]
    models = {signal.hint.lower() for signal in signals} - {""}
    models.update(*(named for named, _ in labels))
    pipelines = set[str]().union(*(named for _, named in labels))
    return facts | {
        "confirmed_swap_count": swaps,
        "swap_count": swaps,
        "inferred_orchestrator_change_count": min(wallet_changes(segments), _MOST),
        "has_model_change": int(len(models) > 1),
        "has_pipeline_change": int(len(pipelines) > 1),
    }


def _health(by_kind: ByKind) -> Row:
    """Return the columns that follow from health samples and startup edges."""
    samples = by_kind.get(STATUS, [])
    troubled = sum(sample.troubled for sample in samples)
    seen = sum(edge in by_kind for edge in (STATUS, PROCESSED, PLAYABLE))
    expected = 3 if REQUEST in by_kind else 0
    return {
        "last_error_occurred": int(troubled > 0),
        "loading_only_session": int(bool(samples) and {one.state.strip().lower() for one in samples} == {"loading"}),
        "zero_output_fps_session": int(bool(samples) and max(sample.fps for sample in samples) <= 0),
        "status_sample_count": len(samples),
        "status_error_sample_count": troubled,
        "health_signal_count": seen,
        "health_expected_signal_count": expected,
        "health_completeness_ratio": min(1.0, seen / expected) if expected else 1.0,
    }


def _latency(start: str, gateway: str, present: Present, latencies: dict[str, int | None]) -> Row:
    """Return the columns of `fact_workflow_latency_samples` without the session's identity."""
    served = _served(present)
    return {
        "sample_ts": start,
        "sample_date": start[:10],
        "gateway": gateway,
        **{name: served[name] for name in ("orchestrator_address", "pipeline", "model_id", "gpu_id")},
        "region": None,
        **{name: None if ms is None else float(ms) for name, ms in latencies.items()},
        **{flag: int(latencies[name] is not None) for name, flag in _LATENCIES.items()},
        "edge_semantics_version": _EDGE_SEMANTICS,
    }


def _segments(segments: Sequence[Segment]) -> Iterator[Row]:
    """Yield the columns of each segment of a session without the session's identity."""
    for index, segment in enumerate(segments):
        signals = segment.signals
        start, end, reason = signals[0].time, *_ending(index, segments)
        moment = iso_moment(start)
        kinds = [signal.kind for signal in signals if signal.kind.startswith(_TRACE)]
        yield {
            "segment_index": index,
            "segment_start_ts": moment,
            "segment_date": moment[:10],
            "segment_end_ts": iso(end),
            "gateway": segment.gateway(segment.last),
            **_served(segment.present(segment.last)),
            "worker_id": None,
            "region": None,
            "reason": reason,
            "source_trace_type": kinds[-1].removeprefix(_TRACE) if kinds else "",
            "source_event_uid": signals[-1].uid,
        }


def _ending(index: int, segments: Sequence[Segment]) -> tuple[int | None, str]:
    """Return the end time of a segment (None while open), and the reason of its end, else of its start."""
    if index + 1 < len(segments):
        return segments[index + 1].signals[0].time, "orchestrator_change"
    closes = [signal.time for signal in segments[index].signals if signal.kind == CLOSE]
    if closes:
        return closes[-1], "stream_closed"
    return None, "orchestrator_change" if index else "initial"


def _updates(segments: Sequence[Segment]) -> Iterator[Row]:
    """Yield the columns of each parameter update without the session's identity. The attribution is as of its time."""
    for segment in segments:
        for place, signal in segment.numbered():
            if signal.kind == PARAMS_UPDATE:
                moment = iso_moment(signal.time)
                yield {
                    "update_ts": moment,
                    "update_date": moment[:10],
                    "gateway": signal.gateway or segment.gateway(place),
                    **_served(segment.present(place)),
                    "update_type": "params_update",
                    "message": signal.message,
                    "source_event_uid": signal.uid,
                }


def _first(texts: Iterator[str]) -> str:
    """Return the first text that is not blank."""
    return next((text for text in texts if text), "")
