"""The rows of the stateful facts, in the order of `tables.COLUMNS`. Times in the warehouse's form, UTC."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipelines.livepeer.fields import moment
from pipelines.livepeer.lifecycle import rules
from pipelines.livepeer.lifecycle.outcome import MOST_COUNTED, NEVER, Outcome, Position, between
from pipelines.livepeer.lifecycle.segments import Segment, SegmentFold
from pipelines.livepeer.lifecycle.signals import TRACE, Identity, Signal

Row = tuple[Any, ...]


def _edge(position: Position) -> str | None:
    return None if position is NEVER else moment(position[0])


def session_row(
    identity: Identity, outcome: Outcome, fold: SegmentFold, signals: Sequence[Signal], version: int
) -> Row:
    """Return the row of `fact_workflow_sessions`. `signals`: all of the session's, in order.

    The present orchestrator, model and GPU are those of the last segment.
    """
    present = fold.current or Segment(outcome.start_ms, "")
    swaps = outcome.confirmed_swaps
    seen, expected, completeness = outcome.health()
    return (
        identity.session_id,
        rules.WORKFLOW_TYPE,
        present.workflow_class or rules.WORKFLOW_TYPE,
        identity.stream_id,
        identity.request_id,
        "",
        present.workflow_class,
        outcome.gateway,
        present.address,
        present.url,
        present.model or outcome.hint or None,
        present.gpu,
        None,
        present.decision.method,
        present.decision.confidence,
        moment(outcome.start_ms),
        moment(outcome.end_ms),
        int(outcome.known),
        int(outcome.success),
        int(outcome.excused),
        int(outcome.unexcused),
        swaps,
        min(fold.changes, MOST_COUNTED),
        swaps,
        outcome.errors,
        outcome.excusable_errors,
        _edge(outcome.requested),
        _edge(outcome.processed),
        _edge(outcome.playable),
        len(signals),
        version,
        signals[0].uid,
        signals[-1].uid,
        int(len(outcome.models() | fold.models()) > 1),
        int(len(fold.pipelines()) > 1),
        int(outcome.troubled_samples > 0),
        int(0 < outcome.samples == outcome.loading_samples),
        int(outcome.samples > 0 and outcome.output_samples == 0),
        outcome.samples,
        outcome.troubled_samples,
        seen,
        expected,
        completeness,
    )


def latency_row(identity: Identity, outcome: Outcome, fold: SegmentFold, version: int) -> Row:
    """Return the row of `fact_workflow_latency_samples`, in milliseconds; an interval that is unknown is None."""
    present = fold.current or Segment(outcome.start_ms, "")
    intervals = (
        between(outcome.requested, outcome.processed),
        between(outcome.processed, outcome.playable),
        between(outcome.requested, outcome.playable),
    )
    return (
        moment(outcome.start_ms),
        *identity,
        outcome.gateway,
        present.address,
        present.workflow_class,
        present.model or outcome.hint or None,
        present.gpu,
        None,
        *intervals,
        *(int(interval is not None) for interval in intervals),
        rules.EDGE_SEMANTICS,
        version,
    )


def segment_rows(identity: Identity, fold: SegmentFold, version: int) -> list[Row]:
    """Return the rows of `fact_workflow_session_segments`, all with one version, which replaces all older rows."""
    return [
        (
            *identity,
            index,
            moment(segment.start_ms),
            None if segment.end_ms is None else moment(segment.end_ms),
            segment.gateway,
            segment.address,
            segment.url,
            None,
            segment.gpu,
            segment.model or None,
            None,
            segment.workflow_class,
            segment.decision.method,
            segment.decision.confidence,
            segment.reason,
            segment.trace_type,
            segment.uid,
            version,
        )
        for index, segment in enumerate(fold.all())
    ]


def param_update_row(identity: Identity, signal: Signal, present: Segment, version: int) -> Row:
    """Return a row of `fact_workflow_param_updates`. Notices name no wallet: `present` is the segment they fall in."""
    return (
        moment(signal.time_ms),
        *identity,
        present.workflow_class,
        signal.gateway or present.gateway,
        present.address,
        present.url,
        present.model or None,
        present.gpu,
        present.decision.method,
        present.decision.confidence,
        rules.PARAMS_UPDATE,
        signal.message,
        signal.uid,
        version,
    )


def coverage_row(identity: Identity, signal: Signal, outcome: Outcome, version: int) -> Row:
    """Return the row of `fact_lifecycle_edge_coverage`: the edges that were known at the time of the signal."""
    time_ms, rank, uid, kind, subtype, *_ = signal
    at = (time_ms, rank, uid)
    known = outcome.requested <= at
    processed = outcome.processed <= at
    playable = outcome.playable <= at
    is_trace = kind == TRACE
    terminal = is_trace and subtype == rules.CLOSED
    return (
        moment(time_ms),
        *identity,
        "",
        outcome.hint if outcome.hint and outcome.first_hint <= at else None,
        outcome.gateway if outcome.first_gateway <= at else "",
        "",
        subtype if is_trace else "",
        uid,
        1 if known else 0,
        1 if processed else 0,
        1 if playable else 0,
        1 if known and processed else 0,
        1 if known and playable else 0,
        1 if terminal else 0,
        _unmatched_reason(known, processed, playable, terminal),
        version,
    )


def _unmatched_reason(known: bool, processed: bool, playable: bool, terminal: bool) -> str:
    """Return the first edge that is missing, and whether it may still come; blank when all are there."""
    if not known:
        return "missing_stream_request_edge"
    if not processed:
        return "missing_first_processed_segment_edge" if terminal else "awaiting_first_processed_segment_edge"
    if not playable:
        return "missing_playable_edge" if terminal else "awaiting_playable_edge"
    return ""
