"""Profiles: trace queries that say which of their columns is a time are drawn as charts, one for each other number."""

from __future__ import annotations

import re
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
_NUMERAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_NOT_FINITE = ("nan", "inf", "infinity")


@dataclass(frozen=True, slots=True)
class Bar:
    """The value of one series at one time. All sizes are percent of the drawing; `bottom` is above its floor."""

    start: float
    width: float
    bottom: float
    height: float
    title: str


@dataclass(frozen=True, slots=True)
class Series:
    """One column over time. Times without a row have no bar.

    Bars begin at `zero`, in percent above the floor: above it for values over 0, below it for the others.
    """

    name: str
    least: float
    greatest: float
    total: float
    zero: float
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """The chart of one trace query, from its first drawn time to its last (UTC).

    `left_out` counts the times that are not drawn, and `without_numbers` are the columns that are not.
    """

    name: str
    first: str
    last: str
    times: int
    left_out: int
    series: tuple[Series, ...]
    without_numbers: tuple[str, ...]


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
    columns = {name: _numbers([(time, row.get(name)) for time, row in shown]) for name in shown[0][1] if name != column}
    return Profile(
        name=str(entry.get("name") or ""),
        first=_shown(times[0]),
        last=_shown(times[-1]),
        times=len(timed),
        left_out=len(timed) - len(shown),
        series=tuple(_series(name, points, times[0], step, span) for name, points in columns.items() if points),
        without_numbers=tuple(name for name, points in columns.items() if not points),
    )


def _series(name: str, points: Sequence[tuple[float, float]], first: float, step: float, span: float) -> Series:
    numbers = [item for _, item in points]
    low, high = min(0.0, *numbers), max(0.0, *numbers)
    reach = (high - low) or 1.0
    zero = round(100 * (abs(low) / reach), 1)
    bars = tuple(
        Bar(
            start=round(100 * (time - first) / span, 2),
            width=max(round(90 * step / span, 2), _LEAST_WIDTH),
            bottom=zero if item > 0 else round(zero - 100 * (abs(item) / reach), 1),
            height=round(100 * (abs(item) / reach), 1),
            title=f"{_shown(time)}: {item:,.10g}",
        )
        for time, item in points
        if item
    )
    return Series(name, min(numbers), max(numbers), sum(numbers), zero, bars)


def _numbers(points: Sequence[tuple[float, Any]]) -> list[tuple[float, float]]:
    """Return the points with finite numbers.

    Decimals and long integers are text in JSON: a column is read as theirs when all of its texts are such numbers.
    """
    texts = [item for _, item in points if isinstance(item, str) and item.lower().lstrip("-") not in _NOT_FINITE]
    reads_text = all(map(_NUMERAL.fullmatch, texts))
    found = ((time, _number(item, reads_text=reads_text)) for time, item in points)
    return [(time, item) for time, item in found if item is not None]


def _number(item: Any, *, reads_text: bool) -> float | None:
    kinds = (int, float, str) if reads_text else (int, float)
    if isinstance(item, bool) or not isinstance(item, kinds):
        return None
    try:
        found = float(item)
    except (OverflowError, ValueError):
        return None
    return found if isfinite(found) else None


def _epoch(item: Any) -> float | None:
    try:
        moment = datetime.fromisoformat(str(item))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _shown(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M")
