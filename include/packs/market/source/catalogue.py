"""What a set of files can answer: which records a request is for, and how its symbols are resolved."""

from __future__ import annotations

import datetime as dt
import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from databento_dbn import DBN_VERSION, Metadata, Schema, SType

from packs.market.source.asking import DAY_NS, Asked, MappingInterval, SymbolMapping, date_of, longest_cover
from packs.market.source.dbn_file import DbnFile, read_dbn

ALL_SYMBOLS = "ALL_SYMBOLS"
# The number of selections that are kept.
_KEPT = 4


@dataclass(frozen=True, slots=True)
class Query:
    """A request for records of [start, end), nanoseconds since 1970 UTC."""

    dataset: str
    schema: str
    stype_in: str
    symbols: tuple[str, ...]
    start: int
    end: int
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """The records of an answer, as (file, index) in the order of the stream, and its metadata."""

    records: list[tuple[DbnFile, int]]
    metadata: Metadata

    def spans(self) -> list[tuple[str, int, int]]:
        """Return the records as spans (file, first, end) of consecutive ones, by file."""
        found: dict[str, list[list[int]]] = {}
        for file, index in self.records:
            spans = found.setdefault(file.name, [])
            if spans and spans[-1][1] == index:
                spans[-1][1] = index + 1
            else:
                spans.append([index, index + 1])
        return [(name, first, end) for name, spans in found.items() for first, end in spans]


class Catalogue:
    """The files of a fixture set."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._asked = [Asked(read_dbn(path, name)) for name, path in sorted(files.items())]
        self._files = [asked.file for asked in self._asked]
        self._last: dict[Query, Selection] = {}

    @property
    def datasets(self) -> list[str]:
        """Return the data sets."""
        return sorted({file.dataset for file in self._files})

    def schemas(self, dataset: str) -> list[str]:
        """Return the schemas of a data set."""
        return sorted({file.schema for file in self._files if file.dataset == dataset})

    def range_of(self, dataset: str) -> tuple[int, int]:
        """Return the first nanosecond of a data set and the one after its last: whole days."""
        days = [day for one in self._asked if one.file.dataset == dataset for day in (one.days[0], one.days[-1] + 1)]
        return min(days) * DAY_NS, max(days) * DAY_NS

    def select(self, query: Query) -> Selection:
        """Return the records of a request. Symbols that no file resolves are named in the metadata.

        A client asks for cost, count and records of the same range, so the last selections are kept.
        """
        if query not in self._last:
            self._last = dict([*self._last.items()][1 - _KEPT :])
            self._last[query] = self._selected(query)
        return self._last[query]

    def _selected(self, query: Query) -> Selection:
        wanted = (query.dataset, query.schema, query.stype_in)
        files = [
            one
            for one in self._asked
            if (one.file.dataset, one.file.schema, one.symbol_type) == wanted and _is_about(one, query)
        ]
        streams = [_in_range(one, query) for one in files]
        # A stable merge: records of one time stay in the order of their file.
        records = [(file, index) for _, file, index in heapq.merge(*streams, key=lambda item: item[0])]
        versions = {file.metadata.version for file, _ in records} or {one.file.metadata.version for one in files}
        return Selection(records[: query.limit], _metadata(query, files, max(versions, default=DBN_VERSION)))

    def resolve(self, query: Query) -> list[SymbolMapping]:
        """Return the mappings of the symbols that files of the data set resolve, cut to the days of the request."""
        return _resolved(query, [one for one in self._asked if one.file.dataset == query.dataset])


def _is_about(asked: Asked, query: Query) -> bool:
    return query.symbols == (ALL_SYMBOLS,) or not set(asked.symbols).isdisjoint(query.symbols)


def _resolved(query: Query, files: Iterable[Asked]) -> list[SymbolMapping]:
    first, end = _date(query.start), _date(query.end - 1) + dt.timedelta(days=1)
    known: dict[str, set[MappingInterval]] = {}
    for asked in files:
        if asked.symbol_type == query.stype_in:
            for symbol, intervals in asked.mappings.items():
                known.setdefault(symbol, set()).update(_cut(intervals, first, end))
    names = sorted(known) if query.symbols == (ALL_SYMBOLS,) else query.symbols
    return [SymbolMapping(name, sorted(known[name])) for name in names if known.get(name)]


def _in_range(asked: Asked, query: Query) -> list[tuple[int, DbnFile, int]]:
    file, everything = asked.file, query.symbols == (ALL_SYMBOLS,)
    mapped = {int(one.symbol) for intervals in asked.mappings.values() for one in intervals}
    wanted = {
        int(one.symbol)
        for symbol in (asked.mappings if everything else query.symbols)
        for one in asked.mappings.get(symbol, ())
    }
    # A record whose instrument no mapping has is served with the file that holds it, as the service would do.
    return [
        (time, file, index)
        for index, (time, instrument) in enumerate(zip(file.times, file.instruments, strict=True))
        if query.start <= time < query.end and (instrument in wanted or instrument not in mapped)
    ]


def _cut(intervals: Iterable[MappingInterval], first: dt.date, end: dt.date) -> Iterable[MappingInterval]:
    for interval in intervals:
        if interval.start_date < end and first < interval.end_date:
            yield MappingInterval(max(interval.start_date, first), min(interval.end_date, end), interval.symbol)


def _metadata(query: Query, files: list[Asked], version: int) -> Metadata:
    resolved = {mapping.raw_symbol: mapping for mapping in _resolved(query, files)}
    asked = list(resolved) if query.symbols == (ALL_SYMBOLS,) else list(query.symbols)
    days = _date(query.end - 1).toordinal() + 1 - _date(query.start).toordinal()
    covered = {name: _days(mapping) for name, mapping in resolved.items()}
    # A symbol that is none on these days only, because its instrument was listed later, is known all the same.
    known = {symbol for one in files for symbol in one.mappings}
    start, end = longest_cover(files, query.start, query.end)
    return Metadata(
        dataset=query.dataset,
        # The time of which the answer has all records: a file may be for a part of the range, or cut by a limit.
        start=start,
        end=end,
        schema=Schema.from_str(query.schema),
        stype_in=SType.from_str(query.stype_in),
        stype_out=SType.INSTRUMENT_ID,
        symbols=asked,
        partial=[name for name in asked if 0 < covered.get(name, 0) < days],
        not_found=[name for name in asked if name not in known],
        mappings=list(resolved.values()),
        version=version,
    )


def _days(mapping: SymbolMapping) -> int:
    days = {
        day
        for interval in mapping.intervals
        for day in range(interval.start_date.toordinal(), interval.end_date.toordinal())
    }
    return len(days)


def _date(time_ns: int) -> dt.date:
    return date_of(time_ns // DAY_NS)
