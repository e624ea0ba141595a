"""The chunks of a set: each schema of what a file was asked for, day by day, and what the tables say of a chunk."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from packs.market.oracle.dbn import Content
from packs.market.oracle.rows import NO_TIME, Row, moment

DAY_NS = 86_400_000_000_000
_EPOCH = dt.date(1970, 1, 1)
_RECEIVED_AT = {"definition": 16, "statistics": 16, "tbbo": 32, "trades": 32}
# The only job of a set, and its kind.
_JOB = "fixture_set"
# Longer lists of symbols are named by a hash.
_LONGEST_NAME = 80
Item = tuple[Content, bytes]


@dataclass(frozen=True, slots=True)
class Request:
    """What files were asked for. `days` are numbers since 1970."""

    dataset: str
    schema: str
    symbol_type: str
    symbols: tuple[str, ...]
    days: range

    def identifier(self, day: int) -> str:
        """Return the name of the chunk of a day."""
        names = ",".join(sorted(self.symbols))
        if len(names) > _LONGEST_NAME:
            names = f"{len(self.symbols)}-symbols-{hashlib.sha256(names.encode()).hexdigest()[:16]}"
        span = f"{date_of(day):%Y%m%d}T00-{date_of(day + 1):%Y%m%d}T00"
        return f"{self.dataset}/{self.schema}/{self.symbol_type}:{names}/{span}"

    def unresolved(self, files: Iterable[Content], day: int) -> list[str]:
        """Return the symbols that no instrument has on a day."""
        date = date_of(day)
        known = {
            mapped.symbol
            for file in files
            for intervals in file.mapped.values()
            for mapped in intervals
            if mapped.first <= date < mapped.end
        }
        return sorted(set(self.symbols) - known)

    def progress(self, day: int, served: int, refused: int) -> Row:
        """Return what the progress table says of the chunk of a day."""
        return {
            "job_id": _JOB,
            "job_type": _JOB,
            "chunk_identifier": self.identifier(day),
            "dataset": self.dataset,
            "schema_name": self.schema,
            "symbols": list(self.symbols),
            "range_start": moment(day * DAY_NS),
            "range_end": moment((day + 1) * DAY_NS),
            "completion_status": "completed",
            "records_served": served,
            "records_processed": served - refused,
            "records_quarantined": refused,
        }

    def quarantined(self, day: int, position: int, row: Row) -> Row:
        """Return the row of a refused record with the columns that its chunk gives it."""
        return {"job_id": _JOB, "chunk_identifier": self.identifier(day), "position": position, **row}


def requests_of(files: Iterable[Content]) -> dict[Request, list[Content]]:
    """Return the files by what they were asked for."""
    found: dict[Request, list[Content]] = {}
    for file in files:
        symbols = file.symbols or sorted({m.symbol for intervals in file.mapped.values() for m in intervals})
        request = Request(file.dataset, file.schema, file.symbol_type, tuple(symbols), _days_of(file))
        found.setdefault(request, []).append(file)
    return found


def by_day(request: Request, files: Iterable[Content]) -> Iterator[tuple[int, list[Item]]]:
    """Yield each day with its records in the order of the service.

    A record outside the days of its file is never served: no request can be for it.
    """
    days: dict[int, list[Item]] = {day: [] for day in request.days}
    for file in files:
        for record in file.records:
            day = time_of(file.schema, record) // DAY_NS
            if day in days:
                days[day].append((file, record))
    for day, items in days.items():
        # The service merges by the time; of equal times the order of the files and in them stays.
        items.sort(key=lambda item: time_of(item[0].schema, item[1]))
        yield day, items


def time_of(schema: str, record: bytes) -> int:
    """Return the time by which the service cuts: that of receipt, of bars their beginning."""
    at = _RECEIVED_AT.get(schema, 8)
    return int.from_bytes(record[at : at + 8], "little")


def date_of(day: int) -> dt.date:
    """Return the date of a day."""
    return _EPOCH + dt.timedelta(days=day)


def _days_of(file: Content) -> range:
    start, end = file.range
    if end == NO_TIME:
        end = 1 + max((time_of(file.schema, record) for record in file.records), default=start)
    return range(start // DAY_NS, -(-end // DAY_NS))
