"""The final facts of one session, from all its signals at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import fsum
from typing import Any

from packs.livepeer.oracle.attribution import Wallets
from packs.livepeer.oracle.evidence import (
    ERROR,
    NO_ORCHESTRATORS,
    PARAMS_UPDATE,
    PLAYABLE,
    PROCESSED,
    REQUEST,
    STATUS,
    SWAP,
    Signal,
)
from packs.livepeer.oracle.scenarios import satisfied_scenarios
from packs.livepeer.oracle.segments import Segment, segments_of
from packs.livepeer.oracle.values import iso, stored_float

ByKind = Mapping[str, Sequence[Signal]]


def session_facts(signals: Sequence[Signal], wallets: Wallets) -> dict[str, Any]:
    """Return the expected row of one session. `signals` are all of it, in order."""
    by_kind = grouped(signals)
    statuses = by_kind.get(STATUS, [])
    fps = fsum(sample.fps for sample in statuses) / len(statuses) if statuses else None
    # The discovery queries compare the mean of the stored 32-bit values with a threshold.
    stored_fps = fsum(stored_float(sample.fps) for sample in statuses) / len(statuses) if statuses else None
    traces = [signal for signal in signals if signal.kind.startswith("trace:")]
    row: dict[str, Any] = {
        "workflow_session_id": signals[0].session,
        "stream_id": next((signal.stream for signal in signals if signal.stream), ""),
        "request_id": next((signal.request for signal in signals if signal.request), ""),
        **times(signals),
        **outcome(by_kind),
        **edges(by_kind),
        **_attributed(segments_of(signals, wallets)),
        "status_sample_count": len(statuses),
        "avg_output_fps": None if fps is None else round(fps, 6),
        "param_updates": len(by_kind.get(PARAMS_UPDATE, [])),
        "trace_count": len(traces),
        "event_count": len(signals),
    }
    scenarios = satisfied_scenarios(row, trace_types={trace.kind for trace in traces}, fps=stored_fps)
    return row | {"scenarios": list(scenarios), "scenario_observed": scenarios[0]}


def grouped(signals: Sequence[Signal]) -> dict[str, list[Signal]]:
    """Return the signals by kind, each kind in order."""
    by_kind: dict[str, list[Signal]] = {}
    for signal in signals:
        by_kind.setdefault(signal.kind, []).append(signal)
    return by_kind


def times(signals: Sequence[Signal]) -> dict[str, Any]:
    """Return start and end: the earliest signal or status start time, and the newest signal."""
    starts = [signal.time for signal in signals] + [signal.started for signal in signals if signal.started is not None]
    return {"session_start_ts": iso(min(starts)), "session_end_ts": iso(max(signal.time for signal in signals))}


def outcome(by_kind: ByKind) -> dict[str, Any]:
    """Return the outcome flags (0 or 1) and the counters of errors and confirmed swaps."""
    known = REQUEST in by_kind
    success = PLAYABLE in by_kind
    errors = by_kind.get(ERROR, [])
    excusable = [error for error in errors if error.excusable]
    only_excusable = bool(errors) and len(errors) == len(excusable)
    failed = known and not success
    excused = failed and (NO_ORCHESTRATORS in by_kind or only_excusable)
    return {
        "known_stream": int(known),
        "startup_success": int(success),
        "startup_excused": int(excused),
        "startup_unexcused": int(failed and not excused),
        "confirmed_swap_count": len(by_kind.get(SWAP, [])),
        "error_count": len(errors),
        "excusable_error_count": len(excusable),
    }


def edges(by_kind: ByKind) -> dict[str, Any]:
    """Return the three edge times and the three latencies in ms; a latency that would be negative is unknown."""
    request, processed, playable = (
        min((signal.time for signal in by_kind.get(kind, [])), default=None) for kind in (REQUEST, PROCESSED, PLAYABLE)
    )
    return {
        "first_stream_request_ts": iso(request),
        "first_processed_ts": iso(processed),
        "first_playable_ts": iso(playable),
        "prompt_to_first_frame_ms": _elapsed(request, processed),
        "startup_time_ms": _elapsed(processed, playable),
        "e2e_latency_ms": _elapsed(request, playable),
    }


def _elapsed(start: int | None, end: int | None) -> int | None:
    return None if start is None or end is None or end < start else end - start


def _attributed(segments: Sequence[Segment]) -> dict[str, Any]:
    """Return the canonical wallet, model and pipeline at the end of the session, and the number of wallet changes."""
    present = segments[-1].present(segments[-1].last)
    return {
        "orchestrator_address": present.orchestrator_address,
        "model_id": present.model,
        "pipeline": present.pipeline,
        "inferred_orchestrator_change_count": wallet_changes(segments),
    }


def wallet_changes(segments: Sequence[Segment]) -> int:
    """Return the number of distinct canonical wallets that served, minus one (at least 0)."""
    distinct = {segment.present(segment.last).orchestrator_address for segment in segments} - {""}
    return max(0, len(distinct) - 1)
