"""Positions on the timeline and the charts of an entity's page. The template draws them as SVG.

Horizontal positions are 0 to 100 from the first to the last time that is drawn, vertical ones 0 to 100 from the top.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from streamproof.model.entities.page import EntityTable, Mark, Series, moment

# More marks or points could not be told apart. The tables below have the rows.
MOST_MARKS = 400
MOST_POINTS = 500
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Drawn:
    """A mark, or a bar of a width above 0. `title` is its text and time."""

    x: float
    width: float
    title: str


@dataclass(frozen=True, slots=True)
class Lane:
    """The marks of one lane. `total` counts those that are not drawn, too."""

    name: str
    drawn: tuple[Drawn, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """The lanes of the timeline. `start` and `end` are ISO-8601 UTC."""

    start: str
    end: str
    lanes: tuple[Lane, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Line:
    """The numbers of one column. `points` are (x, y) pairs."""

    name: str
    points: tuple[tuple[float, float], ...]
    total: int
    least: float
    greatest: float
    last: float


@dataclass(frozen=True, slots=True)
class Chart:
    """The lines of one section. `top` and `bottom` are the numbers at the ends of the vertical axis."""

    title: str
    unit: str
    start: str
    end: str
    top: float
    bottom: float
    lines: tuple[Line, ...]


def timeline(tables: Sequence[EntityTable]) -> Timeline | None:
    """Return the timeline of the sections that are drawn, None when no row has a time."""
    marks = [mark for table in tables for mark in table.marks]
    if not marks:
        return None
    start = min(mark.start for mark in marks)
    end = max(max(mark.start, mark.end or mark.start) for mark in marks)
    lanes: dict[str, list[Mark]] = {}
    for mark in marks:
        lanes.setdefault(mark.lane, []).append(mark)
    return Timeline(
        moment(start),
        moment(end),
        tuple(
            Lane(name, tuple(_drawn(mark, start, end) for mark in _thinned(its, MOST_MARKS)), len(its))
            for name, its in lanes.items()
        ),
        (end - start) / 1000,
    )


def charts(tables: Iterable[EntityTable]) -> tuple[Chart, ...]:
    """Return the charts of the sections with numbers."""
    return tuple(_chart(table) for table in tables if any(series.points for series in table.series))


def _drawn(mark: Mark, start: int, end: int) -> Drawn:
    x = _share(mark.start, start, end)
    width = max(_share(mark.end, start, end) - x, 0) if mark.end is not None else 0
    until = f" to {moment(mark.end)}" if mark.end is not None else ""
    return Drawn(x, width, f"{mark.label}, {moment(mark.start)}{until}".removeprefix(", "))


def _chart(table: EntityTable) -> Chart:
    times = [time for series in table.series for time, _ in series.points]
    numbers = [number for series in table.series for _, number in series.points]
    # Numbers that are all positive begin at 0, so that heights can be compared.
    bottom, top = min(0.0, *numbers), max(0.0, *numbers)
    start, end = min(times), max(times)
    lines = tuple(_line(series, (start, end), (bottom, top)) for series in table.series if series.points)
    return Chart(table.title, table.unit, moment(start), moment(end), top, bottom, lines)


def _line(series: Series, times: tuple[int, int], numbers: tuple[float, float]) -> Line:
    values = [number for _, number in series.points]
    shown = _thinned(series.points, MOST_POINTS)
    points = tuple((_share(time, *times), round(100 - _share(number, *numbers), 2)) for time, number in shown)
    return Line(series.name, points, len(values), min(values), max(values), values[-1])


def _share(value: float, start: float, end: float) -> float:
    """Return where a value is between two others, from 0 to 100; 50 when they are the same."""
    return round((value - start) / (end - start) * 100, 2) if end > start else 50.0


def _thinned(items: Sequence[Item], most: int) -> Sequence[Item]:
    """Return at most so many items, evenly spread, with the first one."""
    return items if len(items) <= most else [items[place * len(items) // most] for place in range(most)]
