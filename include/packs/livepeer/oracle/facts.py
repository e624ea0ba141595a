"""The final facts of one session, from all its signals at once."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum
from typing import Any

from packs.livepeer.oracle.attribution import Wallets
from packs.livepeer.oracle.evidence import SWAP, Signal
from packs.livepeer.oracle.scenarios import satisfied_scenarios
from packs.livepeer.oracle.values import iso, stored_float


def session_facts(signals: Sequence[Signal], wallets: Wallets) -> dict[str, Any]:
    """Return the expected row of one session. `signals` are all of it, in order."""
    by_kind: dict[str, list[Signal]] = {}
    for signal in signals:
        by_kind.setdefault(signal.kind, []).append(signal)
    statuses = by_kind.get("status", [])
    fps = fsum(sample.fps for sample in statuses) / len(statuses) if statuses else None
    # What the discovery queries compare with a threshold is the mean of what the column holds.
    stored_fps = fsum(stored_float(sample.fps) for sample in statuses) / len(statuses) if statuses else None
    traces = [signal for signal in signals if signal.kind.startswith("trace:")]
    row: dict[str, Any] = {
        "workflow_session_id": signals[0].session,
        "stream_id": next((signal.stream for signal in signals if signal.stream), ""),
        "request_id": next((signal.request for signal in signals if signal.request), ""),
        **_times(signals),
        **_outcome(by_kind),
        **_edges(by_kind),
        **_attributed(signals, wallets),
        "status_sample_count": len(statuses),
        "avg_output_fps": None if fps is None else round(fps, 6),
        "param_updates": len(by_kind.get("event:params_update", [])),
        "trace_count": len(traces),
        "event_count": len(signals),
    }
    scenarios = satisfied_scenarios(row, trace_types={trace.kind for trace in traces}, fps=stored_fps)
    return row | {"scenarios": list(scenarios), "scenario_observed": scenarios[0]}


def _times(signals: Sequence[Signal]) -> dict[str, Any]:
    """Return start and end: the earliest signal or status start time, and the newest signal."""
    starts = [signal.time for signal in signals] + [signal.started for signal in signals if signal.started is not None]
    return {"session_start_ts": iso(min(starts)), "session_end_ts": iso(max(signal.time for signal in signals))}


def _outcome(by_kind: dict[str, list[Signal]]) -> dict[str, Any]:
    """Return the outcome flags (0 or 1) and the counters of errors and confirmed swaps."""
    known = "trace:gateway_receive_stream_request" in by_kind
    success = "trace:gateway_receive_few_processed_segments" in by_kind
    errors = by_kind.get("event:error", [])
    excusable = [error for error in errors if error.excusable]
    only_excusable = bool(errors) and len(errors) == len(excusable)
    failed = known and not success
    excused = failed and ("trace:gateway_no_orchestrators_available" in by_kind or only_excusable)
    return {
        "known_stream": int(known),
        "startup_success": int(success),
        "startup_excused": int(excused),
        "startup_unexcused": int(failed and not excused),
        "confirmed_swap_count": len(by_kind.get(SWAP, [])),
        "error_count": len(errors),
        "excusable_error_count": len(excusable),
    }


def _edges(by_kind: dict[str, list[Signal]]) -> dict[str, Any]:
    """Return the three edge times and the three latencies in ms; a latency that would be negative is unknown."""
    request, processed, playable = (
        min((signal.time for signal in by_kind.get(f"trace:{subtype}", [])), default=None)
        for subtype in (
            "gateway_receive_stream_request",
            "gateway_receive_first_processed_segment",
            "gateway_receive_few_processed_segments",
        )
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


def _attributed(signals: Sequence[Signal], wallets: Wallets) -> dict[str, Any]:
    """Return the canonical wallet, model and pipeline in which the session ended, and how many wallets it changed."""
    wallet = model = pipeline = ""
    seen: set[str] = set()
    for signal in signals:
        # A signal without a model of its own is judged by the one that the session has by then.
        found = wallets.attribute(signal, signal.hint or model) if signal.address else None
        # A swap names the wallet that is left: one that was left before is no news.
        if found is None or (signal.kind == SWAP and found.canonical != wallet and found.canonical in seen):
            model = model or signal.hint
            continue
        changed = bool(wallet) and found.canonical != wallet
        model = found.model or (signal.hint or model if changed else model or signal.hint)
        pipeline = found.pipeline or pipeline
        wallet = found.canonical
        seen.add(wallet)
    return {
        "orchestrator_address": wallet,
        "model_id": model,
        "pipeline": "" if pipeline.lower() == model.lower() else pipeline,
        "inferred_orchestrator_change_count": max(0, len(seen) - 1),
    }
