"""Compares expected and observed sessions, field by field."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from packs.livepeer.oracle.values import iso_time

TOLERANCE = 1e-6
ABSENT = "(no such field)"

# The facts that are compared, in the order in which differences are reported.
FIELDS = (
    "stream_id",
    "request_id",
    "session_start_ts",
    "session_end_ts",
    "known_stream",
    "startup_success",
    "startup_excused",
    "startup_unexcused",
    "confirmed_swap_count",
    "inferred_orchestrator_change_count",
    "error_count",
    "excusable_error_count",
    "first_stream_request_ts",
    "first_processed_ts",
    "first_playable_ts",
    "prompt_to_first_frame_ms",
    "startup_time_ms",
    "e2e_latency_ms",
    "orchestrator_address",
    "model_id",
    "pipeline",
    "status_sample_count",
    "avg_output_fps",
    "param_updates",
    "event_count",
    "scenarios",
    "scenario_observed",
)


def compare(
    expected: Iterable[Mapping[str, Any]], observed: Iterable[Mapping[str, Any]], *, fields: Sequence[str] = FIELDS
) -> list[dict[str, Any]]:
    """Return the differences between expected and observed sessions; an empty list when they agree.

    Each is {workflow_session_id, kind, field, expected, observed}. `kind` is `value` (a field differs), or `missing`,
    `unexpected` or `duplicate` (the field is `rows`, the values are row counts). Null and blank are equal, as are a
    time and its ISO-8601 text; numbers are equal within 1e-6. A field that is missing from the observed row differs.
    """
    wanted, seen = _by_session(expected), _by_session(observed)
    differences: list[dict[str, Any]] = []
    for session in [*wanted, *(other for other in seen if other not in wanted)]:
        counts = len(wanted.get(session, [])), len(seen.get(session, []))
        if counts != (1, 1):
            differences.append(_difference(session, _row_kind(*counts), "rows", *counts))
        if all(counts):
            differences.extend(_values(session, wanted[session][0], seen[session][0], fields))
    return differences


def _by_session(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    grouped: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        grouped.setdefault(row["workflow_session_id"], []).append(row)
    return grouped


def _row_kind(expected: int, observed: int) -> str:
    if not observed:
        return "missing"
    return "duplicate" if expected else "unexpected"


def _values(
    session: str, expected: Mapping[str, Any], observed: Mapping[str, Any], fields: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the differing fields of one session."""
    pairs = [(field, expected.get(field), observed.get(field, ABSENT)) for field in fields]
    return [
        _difference(session, "value", field, wanted, _plain(seen))
        for field, wanted, seen in pairs
        if not _equal(_plain(wanted), _plain(seen))
    ]


def _difference(session: str, kind: str, field: str, expected: Any, observed: Any) -> dict[str, Any]:
    return {
        "workflow_session_id": session,
        "kind": kind,
        "field": field,
        "expected": expected,
        "observed": observed,
    }


def _plain(value: Any) -> Any:
    """Return a value in its JSON form. Blank text and NaN (the mean of no values) become None."""
    if isinstance(value, datetime):
        return iso_time(value)
    if isinstance(value, tuple):
        return list(value)
    if value == "" or (isinstance(value, float) and math.isnan(value)):
        return None
    return value


def _equal(expected: Any, observed: Any) -> bool:
    if isinstance(expected, int | float) and isinstance(observed, int | float):
        return abs(expected - observed) <= TOLERANCE
    return bool(expected == observed)


def broken_layer(expected: Mapping[str, Any] | None, evidence: Mapping[str, Any]) -> str:
    """Return the first layer of the warehouse whose rows of a differing session are incomplete.

    `expected` is the session's row, None for a session that should not exist. `evidence` has its row counts by layer:
    `raw_events` (distinct, rejected ones included), `typed_rows`, `status_samples`, `trace_edges`.
    """
    row = expected or {"event_count": 0, "status_sample_count": 0, "trace_count": 0}
    if evidence["raw_events"] < row["event_count"]:
        return "raw"
    if evidence["typed_rows"] != row["event_count"]:
        return "typed"
    if (evidence["status_samples"], evidence["trace_edges"]) != (row["status_sample_count"], row["trace_count"]):
        return "silver"
    return "sessions"
