"""What a file was the answer to: its symbols, its days, and the time of which it has all records."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from packs.market.oracle.dbn import Content, Mapped
from packs.market.oracle.rows import NO_TIME

DAY_NS = 86_400_000_000_000
_RECEIVED_AT = {"definition": 16, "statistics": 16, "tbbo": 32, "trades": 32}
_WRITTEN = ("continuous", "instrument_id", "raw_symbol")
_EPOCH = dt.date(1970, 1, 1)
# The number of the day 2000-01-01. A start before it is none.
_EARLIEST = 10_957
_LONGEST = 31
_STORABLE = 2**63


@dataclass(frozen=True, slots=True)
class Question:
    """What a file was asked for. `covered` is [start, end) in ns."""

    symbol_type: str
    symbols: tuple[str, ...]
    days: frozenset[int]
    covered: tuple[int, int]


def question_of(file: Content) -> Question:
    """Return what a file was asked for. Instruments without any symbol in it get their ids as symbols."""
    times = [time for time in (time_of(file.schema, record) for record in file.records) if time < _STORABLE]
    instruments = {int.from_bytes(record[4:8], "little") for record in file.records}
    if not file.mapped:
        always = (dt.date.min, dt.date.max)
        file.mapped = {number: [Mapped(*always, str(number))] for number in instruments}
    names = {mapped.symbol for intervals in file.mapped.values() for mapped in intervals}
    own = bool(file.symbols) and set(file.symbols) <= names | set(file.not_found) | set(file.partial)
    symbols = file.symbols if own else [*sorted(names), *file.not_found]
    symbol_type = file.symbol_type if own and file.symbol_type in _WRITTEN else "raw_symbol"
    if names <= {str(number) for number in instruments}:
        symbol_type = "instrument_id"
    return Question(symbol_type, tuple(symbols), frozenset(_days(file.range, times)), _covered(file, times))


def _days(span: tuple[int, int], times: list[int]) -> Iterable[int]:
    found = {time // DAY_NS for time in times}
    start, end = span
    first = start // DAY_NS
    stated = set(range(first, max(first + 1, -(-end // DAY_NS)))) if end != NO_TIME and first >= _EARLIEST else set()
    if not stated or len(stated) > _LONGEST:
        return range(min(found), max(found) + 1) if found else {first}
    return stated | (found & {min(stated) - 1, max(stated) + 1})


def _covered(file: Content, times: list[int]) -> tuple[int, int]:
    start, end = file.range
    if start // DAY_NS < _EARLIEST:
        start = min(times, default=start)
    if end == NO_TIME or 0 < file.limit <= len(file.records):
        end = max(times, default=file.range[0])
    return start, max(start, end)


def cover_of(spans: Iterable[tuple[int, int]], start: int, end: int) -> tuple[int, int]:
    """Return the longest part of [start, end) that spans fill without a gap."""
    best = (start, start)
    reached: tuple[int, int] | None = None
    for first, last in sorted(spans):
        reached = (reached[0], max(reached[1], last)) if reached and first <= reached[1] else (first, last)
        part = (max(reached[0], start), min(reached[1], end))
        best = part if part[1] - part[0] > best[1] - best[0] else best
    return best


def spans_of(days: Iterable[int]) -> Iterator[range]:
    """Yield the days as ranges without gaps."""
    run: list[int] = []
    for day in sorted(days):
        if run and day != run[-1] + 1:
            yield range(run[0], run[-1] + 1)
            run = []
        run.append(day)
    if run:
        yield range(run[0], run[-1] + 1)


def time_of(schema: str, record: bytes) -> int:
    """Return the time by which the service cuts: that of receipt, of bars their beginning."""
    at = _RECEIVED_AT.get(schema, 8)
    return int.from_bytes(record[at : at + 8], "little")


def date_of(day: int) -> dt.date:
    """Return the date of a day."""
    return _EPOCH + dt.timedelta(days=day)
