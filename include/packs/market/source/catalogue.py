"""What a set of files can answer: which records a request is for, and how its symbols are resolved."""

from __future__ import annotations

import datetime as dt
import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from databento_dbn import Metadata, Schema, SType

from packs.market.source.dbn_file import DbnFile, read_dbn

DAY_NS = 86_400 * 10**9
ALL_SYMBOLS = "ALL_SYMBOLS"
# The number of selections that are kept.
_KEPT = 4


class MappingInterval(NamedTuple):
    """Days [start_date, end_date) on which a symbol is an instrument, whose id is `symbol`."""

    start_date: dt.date
    end_date: dt.date
    symbol: str


class SymbolMapping(NamedTuple):
    """A symbol with its intervals, as the encoder of the metadata takes it."""

    raw_symbol: str
    intervals: list[MappingInterval]


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
        self._files = [read_dbn(path, name) for name, path in sorted(files.items())]
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
        times = [time for file in self._files if file.dataset == dataset for time in file.times if time < 2**63]
        return (min(times) // DAY_NS * DAY_NS, (max(times) // DAY_NS + 1) * DAY_NS) if times else (0, 0)

    def select(self, query: Query) -> Selection:
        """Return the records of a request. Symbols that no file resolves are named in the metadata.

        A client asks for cost, count and records of the same range, so the last selections are kept.
        """
        if query not in self._last:
            self._last = dict([*self._last.items()][1 - _KEPT :])
            self._last[query] = self._selected(query)
        return self._last[query]

    def _selected(self, query: Query) -> Selection:
        files = [file for file in self._files if (file.dataset, file.schema) == (query.dataset, query.schema)]
        mappings = self.resolve(query, files)
        wanted = {int(interval.symbol) for mapping in mappings for interval in mapping.intervals}
        streams = [_in_range(file, query, wanted) for file in files]
        # A stable merge: records of one time stay in the order of their file.
        records = [(file, index) for _, file, index in heapq.merge(*streams, key=lambda item: item[0])]
        return Selection(records[: query.limit], _metadata(query, files, mappings))

    def resolve(self, query: Query, files: Iterable[DbnFile] | None = None) -> list[SymbolMapping]:
        """Return the mappings of the symbols that files of the data set resolve, cut to the days of the request."""
        first, end = _date(query.start), _date(query.end - 1) + dt.timedelta(days=1)
        known: dict[str, set[MappingInterval]] = {}
        for file in self._files if files is None else files:
            if file.dataset == query.dataset and str(file.metadata.stype_in or "") == query.stype_in:
                for symbol, entries in file.metadata.mappings.items():
                    known.setdefault(symbol, set()).update(_cut(entries, first, end))
        names = sorted(known) if query.symbols == (ALL_SYMBOLS,) else query.symbols
        return [SymbolMapping(name, sorted(known[name])) for name in names if known.get(name)]


def _in_range(file: DbnFile, query: Query, instruments: set[int]) -> list[tuple[int, DbnFile, int]]:
    # A record whose instrument no mapping has is served with the file that holds it, as the service would do.
    mapped = {int(e["symbol"]) for entries in file.metadata.mappings.values() for e in entries if e["symbol"]}
    return [
        (time, file, index)
        for index, (time, instrument) in enumerate(zip(file.times, file.instruments, strict=True))
        if query.start <= time < query.end and (instrument in instruments or instrument not in mapped)
    ]


def _cut(entries: Iterable[Mapping[str, object]], first: dt.date, end: dt.date) -> Iterable[MappingInterval]:
    for entry in entries:
        start, stop = entry["start_date"], entry["end_date"]
        if not (isinstance(start, dt.date) and isinstance(stop, dt.date)):
            raise TypeError(f"a mapping has {start!r} and {stop!r} instead of dates")
        if entry["symbol"] and start < end and first < stop:
            yield MappingInterval(max(start, first), min(stop, end), str(entry["symbol"]))


def _metadata(query: Query, files: list[DbnFile], mappings: list[SymbolMapping]) -> Metadata:
    resolved = {mapping.raw_symbol: mapping for mapping in mappings}
    asked = list(resolved) if query.symbols == (ALL_SYMBOLS,) else list(query.symbols)
    days = _date(query.end - 1).toordinal() + 1 - _date(query.start).toordinal()
    covered = {name: _days(mapping) for name, mapping in resolved.items()}
    return Metadata(
        dataset=query.dataset,
        start=query.start,
        end=query.end,
        schema=Schema.from_str(query.schema),
        stype_in=SType.from_str(query.stype_in),
        stype_out=SType.INSTRUMENT_ID,
        symbols=asked,
        partial=[name for name in asked if 0 < covered.get(name, 0) < days],
        not_found=[name for name in asked if name not in resolved],
        mappings=list(resolved.values()),
        version=files[0].metadata.version if files else 3,
    )


def _days(mapping: SymbolMapping) -> int:
    days = {
        day
        for interval in mapping.intervals
        for day in range(interval.start_date.toordinal(), interval.end_date.toordinal())
    }
    return len(days)


def _date(time_ns: int) -> dt.date:
    return dt.date(1970, 1, 1) + dt.timedelta(days=time_ns // DAY_NS)
