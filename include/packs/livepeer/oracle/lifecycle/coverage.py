"""The rows of `fact_lifecycle_edge_coverage`: the startup edges known at the time of each signal of a session."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from packs.livepeer.oracle.evidence import CLOSE, PLAYABLE, PROCESSED, REQUEST, Signal
from packs.livepeer.oracle.values import iso_moment

Row = dict[str, Any]

_TRACE = "trace:"


def coverage_rows(signals: Sequence[Signal]) -> Iterator[tuple[str, Row]]:
    """Yield (table, row) for each signal of a session; `signals` are in order.

    All columns follow from the index of the first signal of each kind. Capabilities are not used, so wallets are blank.
    """
    stream, request = _named(signal.stream for signal in signals), _named(signal.request for signal in signals)
    kinds = [signal.kind for signal in signals]
    requested, processed, playable = (_first(kind == edge for kind in kinds) for edge in (REQUEST, PROCESSED, PLAYABLE))
    hinted, gated = _first(signal.hint for signal in signals), _first(signal.gateway for signal in signals)
    for place, signal in enumerate(signals):
        moment = iso_moment(signal.time)
        known, has_processed, has_playable = requested <= place, processed <= place, playable <= place
        terminal = signal.kind == CLOSE
        yield (
            "fact_lifecycle_edge_coverage",
            {
                "signal_ts": moment,
                "signal_date": moment[:10],
                "workflow_session_id": signal.session,
                "stream_id": stream,
                "request_id": request,
                "pipeline": "",
                "model_id": signals[hinted].hint if hinted <= place else None,
                "gateway": signals[gated].gateway if gated <= place else "",
                "orchestrator_address": "",
                "trace_type": signal.kind.removeprefix(_TRACE) if signal.kind.startswith(_TRACE) else "",
                "source_event_uid": signal.uid,
                "known_stream": int(known),
                "has_first_processed_edge": int(has_processed),
                "has_first_playable_edge": int(has_playable),
                "startup_edge_matched": int(known and has_processed),
                "playable_edge_matched": int(known and has_playable),
                "is_terminal_signal": int(terminal),
                "unmatched_reason": _unmatched(known, has_processed, has_playable, terminal),
            },
        )


def _unmatched(known: bool, processed: bool, playable: bool, terminal: bool) -> str:
    """Return the first reason that applies, in the order of spec/pipeline.md §8.8."""
    reasons = (
        (not known, "missing_stream_request_edge"),
        (terminal and not processed, "missing_first_processed_segment_edge"),
        (terminal and not playable, "missing_playable_edge"),
        (not processed, "awaiting_first_processed_segment_edge"),
        (not playable, "awaiting_playable_edge"),
    )
    return next((reason for applies, reason in reasons if applies), "")


def _first(found: Iterable[object]) -> int:
    """Return the index of the first true value; without one, an index beyond all signals."""
    return next((place for place, value in enumerate(found) if value), 1 << 62)


def _named(texts: Iterable[str]) -> str:
    """Return the first text that is not blank."""
    return next((text for text in texts if text), "")
