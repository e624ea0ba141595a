"""The timeline of a run: start and duration of each stage as percent of the run's time."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from streamproof.model.results import StageResult, Status

_LEAST_WIDTH = 0.6
# Shorter pauses between two stages do not get a bar.
_LEAST_GAP_SEC = 0.25


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of the timeline. `start` and `width` are percent of the run's time; `kind` is work, wait or idle."""

    label: str
    status: str
    kind: str
    start: float
    width: float
    duration_sec: float
    error: str | None = None
    log: str | None = None


@dataclass(frozen=True, slots=True)
class Timeline:
    """The bars of a run in the order in which they started; all times are wall time in seconds."""

    bars: tuple[Bar, ...]
    total_sec: float
    waited_sec: float


def build_timeline(results: Iterable[StageResult], waiting: Collection[str] = ()) -> Timeline:
    """Return the bars of all stages and of the pauses between them, from the first start to the last end.

    `waiting` are the stages that mostly wait for services. A stage whose times cannot be read is left out.
    """
    times = ((_epoch(result.started_at), _epoch(result.ended_at), result) for result in results)
    spans = sorted(
        ((start, end, result) for start, end, result in times if start is not None and end is not None),
        key=lambda span: (span[0], span[1]),
    )
    if not spans:
        return Timeline((), 0.0, 0.0)
    origin, finish = spans[0][0], max(end for _, end, _ in spans)
    total = max(finish - origin, 0.001)
    bars: list[Bar] = []
    busy_until = origin
    for start, end, result in spans:
        if start - busy_until >= _LEAST_GAP_SEC:
            bars.append(_bar("between stages", "", "idle", (busy_until - origin, start - origin), total))
        kind = "wait" if result.stage in waiting else "work"
        bars.append(_stage_bar(result, kind, (start - origin, end - origin), total))
        busy_until = max(busy_until, end)
    waited = sum(bar.duration_sec for bar in bars if bar.kind != "work")
    return Timeline(tuple(bars), total, waited)


def _stage_bar(result: StageResult, kind: str, span: tuple[float, float], total: float) -> Bar:
    bar = _bar(result.stage, result.status.value, kind, span, total)
    error = result.error if result.status is not Status.PASSED else None
    return Bar(
        label=bar.label,
        status=bar.status,
        kind=bar.kind,
        start=bar.start,
        width=bar.width,
        duration_sec=result.duration_sec,
        error=error,
        log=f"stages/{result.stage}.log",
    )


def _bar(label: str, status: str, kind: str, span: tuple[float, float], total: float) -> Bar:
    start, end = span
    width = max(100 * (end - start) / total, _LEAST_WIDTH)
    left = min(100 * start / total, 100 - _LEAST_WIDTH)
    return Bar(label, status, kind, round(left, 2), round(min(width, 100 - left), 2), end - start)


def _epoch(text: str) -> float | None:
    try:
        return datetime.fromisoformat(text).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
