"""Shorten a run's summary so that it fits into XCom and a mail, whatever its content."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from streamproof.model.plan import ORACLE

LIMIT_BYTES = 10_000
# The difference is for what an operator may add around the summary.
_TARGET_BYTES = LIMIT_BYTES - 500
_DEPTH = 6
_FULL_PATHS_FROM = 120
_BULK = ("results", "failures", "not_judged")
_STAGE_KEYS = ("stage", "status", "duration_sec", "error")
_PATHS = {
    "summary": "summary.json",
    "report_html": "report.html",
    "report_md": "report.md",
    "junit": "junit.xml",
    "log": "harness.log",
}


@dataclass(frozen=True, slots=True)
class _Budget:
    """The greatest numbers of failures, items of any other list or object, stages, and characters of a text."""

    failures: int
    items: int
    stages: int
    text: int


# Tried in order until the summary fits. The last one always fits; a property test proves that.
_BUDGETS = (
    _Budget(50, 50, 40, 2000),
    _Budget(20, 20, 40, 500),
    _Budget(10, 10, 40, 200),
    _Budget(10, 6, 30, 120),
    _Budget(5, 8, 30, 120),
    _Budget(3, 5, 30, 60),
    _Budget(1, 3, 20, 30),
    _Budget(0, 0, 15, 12),
)


def compact_summary(summary: Mapping[str, Any], *, has_sessions: bool = True) -> dict[str, Any]:
    """Return a summary of less than 10 kB as JSON. Paths of files replace long content.

    `failures_left_out` and `not_judged_left_out` count the entries that only the full `summary.json` has. The oracle of
    a pack without entities leaves no `sessions.json`: then `has_sessions` is false.
    """
    short: dict[str, Any] = {}
    for budget in _BUDGETS:
        short = _within(summary, budget, has_sessions=has_sessions)
        if len(json.dumps(short)) <= _TARGET_BYTES:
            break
    return short


def shortened(summary: Mapping[str, Any], *, failures: int, items: int, text: int) -> dict[str, Any]:
    """Return a summary with at most so many failures, items of any other list or object, and characters of a text."""
    return _within(summary, _Budget(failures, items, items, text), has_sessions=True)


def _within(summary: Mapping[str, Any], budget: _Budget, *, has_sessions: bool) -> dict[str, Any]:
    stages, failures, not_judged = (list(summary.get(key) or ()) for key in ("results", "failures", "not_judged"))
    short = {key: _known(value, budget) for key, value in summary.items() if key not in _BULK}
    folder = str(summary.get("folder", ""))
    return {
        **short,
        "results": [
            {key: _shrunk(stage.get(key), budget, _DEPTH) for key in _STAGE_KEYS} for stage in stages[: budget.stages]
        ],
        "failures": [_known(failure, budget) for failure in failures[: budget.failures]],
        "failures_left_out": max(len(failures) - budget.failures, 0),
        "not_judged": [_known(check, budget) for check in not_judged[: budget.failures]],
        "not_judged_left_out": max(len(not_judged) - budget.failures, 0),
        # A clipped path is useless. When texts must be short, paths are relative to `folder`.
        "paths": {
            name: f"{folder}/{file}" if budget.text >= _FULL_PATHS_FROM else file
            for name, file in _paths(stages, has_sessions).items()
        },
    }


def _paths(stages: Iterable[Mapping[str, Any]], has_sessions: bool) -> dict[str, str]:
    """Return the files of a run by name. `sessions.json` exists only if the oracle has run."""
    judged = has_sessions and any(stage.get("stage") == ORACLE and not stage.get("error") for stage in stages)
    return {**_PATHS, **({"sessions": "sessions.json"} if judged else {})}


def _known(value: Any, budget: _Budget) -> Any:
    """Return a part of the summary with all of its keys; their values are shortened."""
    if isinstance(value, Mapping):
        return {str(key): _shrunk(item, budget, _DEPTH) for key, item in value.items()}
    return _shrunk(value, budget, _DEPTH)


def _shrunk(value: Any, budget: _Budget, depth: int) -> Any:
    """Return plain JSON data with shortened texts, lists and objects; an added entry counts the removed items."""
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**63 else f"integer of {value.bit_length()} bits"
    if depth and isinstance(value, Mapping):
        kept = {
            _clipped(str(key), budget.text): _shrunk(item, budget, depth - 1)
            for key, item in list(value.items())[: budget.items]
        }
        left = len(value) - budget.items
        return {**kept, "…": f"{left} more"} if left > 0 else kept
    if depth and isinstance(value, list | tuple):
        left = len(value) - budget.items
        kept_items = [_shrunk(item, budget, depth - 1) for item in value[: budget.items]]
        return [*kept_items, f"… {left} more"] if left > 0 else kept_items
    return _clipped(str(value), budget.text)


def _clipped(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[:length]}…"
