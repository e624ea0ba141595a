"""What a file is the answer to: the symbols and the days that it was asked for, and which instrument a symbol is.

A file of the service says all of it in its metadata, in more than one form. Here it has one form: a symbol that is
asked for, and the instrument ids that it is on which days.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from packs.market.source.dbn_file import DbnFile

DAY_NS = 86_400 * 10**9
# How the pipeline may write symbols. A parent or a whole data set stands for the raw symbols that are mapped.
SYMBOL_TYPES = ("continuous", "instrument_id", "raw_symbol")
# A file of a longer time, or without an end, is asked for on the days of its records only.
_LONGEST_DAYS = 31
_LAST_TIME = 2**63
_EPOCH = dt.date(1970, 1, 1)
_EARLIEST = (dt.date(2000, 1, 1) - _EPOCH).days


class MappingInterval(NamedTuple):
    """Days [start_date, end_date) on which a symbol is an instrument, whose id is `symbol`."""

    start_date: dt.date
    end_date: dt.date
    symbol: str


class SymbolMapping(NamedTuple):
    """A symbol with its intervals, as the encoder of the metadata takes it."""

    raw_symbol: str
    intervals: list[MappingInterval]


@dataclass(frozen=True)
class Asked:
    """What a file was asked for."""

    file: DbnFile

    @cached_property
    def mappings(self) -> dict[str, list[MappingInterval]]:
        """Return the intervals by symbol. In a file without any, each instrument id is its own symbol."""
        found: dict[str, list[MappingInterval]] = {}
        for key, entries in self.file.metadata.mappings.items():
            for entry in entries:
                # A file may map ids to symbols instead: `stype_out` was not `instrument_id`.
                symbol, instrument = (key, entry["symbol"]) if _is_id(entry["symbol"]) else (entry["symbol"], key)
                if symbol and _is_id(instrument):
                    interval = MappingInterval(_day(entry["start_date"]), _day(entry["end_date"]), instrument)
                    found.setdefault(symbol, []).append(interval)
        if found:
            return found
        days = self.days
        whole = (date_of(days[0]), date_of(days[-1] + 1))
        return {str(one): [MappingInterval(*whole, str(one))] for one in sorted(set(self.file.instruments))}

    @cached_property
    def symbols(self) -> tuple[str, ...]:
        """Return the symbols that have to be asked for. One that is not known stays: the service says so again."""
        metadata = self.file.metadata
        known = {*self.mappings, *metadata.not_found, *metadata.partial}
        if metadata.symbols and known.issuperset(metadata.symbols):
            return tuple(metadata.symbols)
        return tuple(dict.fromkeys([*sorted(self.mappings), *metadata.not_found]))

    @cached_property
    def symbol_type(self) -> str:
        """Return how these symbols are written."""
        if set(self.mappings) <= set(map(str, self.file.instruments)):
            return "instrument_id"
        named = str(self.file.metadata.stype_in)
        is_own = tuple(self.file.metadata.symbols) == self.symbols and named in SYMBOL_TYPES
        return named if is_own else "raw_symbol"

    @cached_property
    def days(self) -> range:
        """Return the days, as numbers since 1970: those of the metadata, and what records lie right beside them.

        A record that was received right after midnight may be in a file that ends there.
        """
        found = sorted({time // DAY_NS for time in self.file.times if time < _LAST_TIME})
        start, end = self._stated()
        if end - start > _LONGEST_DAYS or start < _EARLIEST:
            return range(found[0], found[-1] + 1) if found else range(start, start + 1)
        first = start - 1 if start - 1 in found else start
        return range(first, end + 1 if end in found else end)

    @cached_property
    def covered(self) -> tuple[int, int]:
        """Return the time [start, end) in ns whose records are all in the file.

        A file that reached its limit ends with its last record, and others of the same time may be missing.
        """
        metadata, times = self.file.metadata, [time for time in self.file.times if time < _LAST_TIME]
        last = max(times, default=metadata.start)
        is_cut = metadata.end is None or (metadata.limit is not None and len(self.file.times) >= metadata.limit)
        start = metadata.start if metadata.start // DAY_NS >= _EARLIEST else min(times, default=metadata.start)
        return start, max(start, last if is_cut else metadata.end)

    def _stated(self) -> tuple[int, int]:
        """Return the days [first, end) that the metadata states; without an end, a range that is too long."""
        start, end = self.file.metadata.start, self.file.metadata.end
        first = start // DAY_NS
        return first, max(first + 1, -(-end // DAY_NS)) if end else first + _LONGEST_DAYS + 1


def longest_cover(files: Iterable[Asked], start: int, end: int) -> tuple[int, int]:
    """Return the longest time within [start, end) in ns whose records are all in the files."""
    pieces: list[tuple[int, int]] = []
    for first, last in sorted(asked.covered for asked in files):
        if pieces and first <= pieces[-1][1]:
            pieces[-1] = (pieces[-1][0], max(last, pieces[-1][1]))
        else:
            pieces.append((first, last))
    cut = [(max(first, start), min(last, end)) for first, last in pieces]
    return max((piece for piece in cut if piece[0] < piece[1]), key=lambda one: one[1] - one[0], default=(start, start))


def date_of(day: int) -> dt.date:
    """Return the date of a day since 1970."""
    return _EPOCH + dt.timedelta(days=day)


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _day(value: Any) -> dt.date:
    if not isinstance(value, dt.date):
        raise TypeError(f"a mapping has {value!r} instead of a date")
    return value
