"""Profiles: trace queries that say which of their columns is a time are drawn as charts, one for each other number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from math import isfinite
from typing import Any

from streamproof.model.results import StageResult
from streamproof.report.sections.entries import entries

# A year of hours would be bars thinner than a pixel.
MOST_TIMES = 400
_LEAST_WIDTH = 0.15


@dataclass(frozen=True, slots=True)
class Bar:
    """The value of one series at one time. All sizes are percent of the drawing."""

    start: float
    width: float
    height: float
    title: str


@dataclass(frozen=True, slots=True)
class Series:
    """One column over time. Times without a row have no bar."""

    name: str
    greatest: float
    total: float
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """The chart of one trace query, from its first drawn time to its last (UTC). `left_out` are those not drawn."""

    name: str
    first: str
    last: str
    times: int
    left_out: int
    series: tuple[Series, ...]


def profiles(results: Mapping[str, StageResult]) -> tuple[Profile, ...]:
    """Return the profiles from the details of stage `query_pack`; a query without rows has none."""
    found = (_profile(entry) for entry in entries(results.get("query_pack"), "queries") if entry.get("profile"))
    return tuple(profile for profile in found if profile is not None)


def _profile(entry: Mapping[str, Any]) -> Profile | None:
    column = str(entry["profile"])
    rows = [row for row in entry.get("rows") or () if isinstance(row, Mapping)]
    timed = sorted(
        ((time, row) for row in rows if (time := _epoch(row.get(column))) is not None), key=lambda pair: pair[0]
    )
    if not timed:
        return None
    shown = timed[:MOST_TIMES]
    times = [time for time, _ in shown]
    step = min((later - time for time, later in pairwise(times) if later > time), default=3600.0)
    span = times[-1] - times[0] + step
    names = [name for name in shown[0][1] if name != column and any(_is_number(row.get(name)) for _, row in shown)]
    series = (_series(name, [(time, row.get(name)) for time, row in shown], times[0], step, span) for name in names)
    return Profile(
        name=str(entry.get("name") or ""),
        first=_shown(times[0]),
        last=_shown(times[-1]),
        times=len(timed),
        left_out=len(timed) - len(shown),
        series=tuple(series),
    )


def _series(name: str, points: Sequence[tuple[float, Any]], first: float, step: float, span: float) -> Series:
    numbers = [(time, float(item)) for time, item in points if _is_number(item)]
    greatest = max((abs(item) for _, item in numbers), default=0.0)
    bars = tuple(
        Bar(
            start=round(100 * (time - first) / span, 2),
            width=max(round(90 * step / span, 2), _LEAST_WIDTH),
            height=round(100 * abs(item) / greatest, 1),
            title=f"{_shown(time)}: {item:,.10g}",
        )
        for time, item in numbers
        if item and greatest
    )
    return Series(name, greatest, sum(item for _, item in numbers), bars)


def _is_number(item: Any) -> bool:
    if isinstance(item, bool) or not isinstance(item, int | float):
        return False
    try:
        return isfinite(float(item))
    except OverflowError:
        return False


def _epoch(item: Any) -> float | None:
    try:
        moment = datetime.fromisoformat(str(item))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _shown(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M")
