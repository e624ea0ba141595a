"""The chunks of a set: each schema of what a file was asked for, day by day, and what the tables say of a chunk."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from packs.market.oracle.dbn import Content
from packs.market.oracle.questions import DAY_NS, Question, cover_of, date_of, question_of, spans_of, time_of
from packs.market.oracle.rows import Row, moment

# The only job of a set, and its kind.
_JOB = "fixture_set"
# Longer lists of symbols are named by a hash.
_LONGEST_NAME = 80
Item = tuple[Content, bytes]


@dataclass(frozen=True, slots=True)
class Request:
    """What files were asked for. `days` are numbers since 1970, `covers` the times [start, end) in ns of the files."""

    dataset: str
    schema: str
    symbol_type: str
    symbols: tuple[str, ...]
    days: range
    covers: tuple[tuple[int, int], ...]

    def identifier(self, day: int) -> str:
        """Return the name of the chunk of a day."""
        names = ",".join(sorted(self.symbols))
        if len(names) > _LONGEST_NAME:
            names = f"{len(self.symbols)}-symbols-{hashlib.sha256(names.encode()).hexdigest()[:16]}"
        span = f"{date_of(day):%Y%m%d}T00-{date_of(day + 1):%Y%m%d}T00"
        return f"{self.dataset}/{self.schema}/{self.symbol_type}:{names}/{span}"

    def unresolved(self, files: Iterable[Content]) -> list[str]:
        """Return the symbols that no instrument has in any of these files."""
        known = {mapped.symbol for file in files for intervals in file.mapped.values() for mapped in intervals}
        return sorted(set(self.symbols) - known)

    def progress(self, day: int, served: int, refused: int) -> Row:
        """Return what the progress table says of the chunk of a day."""
        covered = cover_of(self.covers, day * DAY_NS, (day + 1) * DAY_NS)
        return {
            "job_id": _JOB,
            "job_type": _JOB,
            "chunk_identifier": self.identifier(day),
            "dataset": self.dataset,
            "schema_name": self.schema,
            "symbols": list(self.symbols),
            "range_start": moment(day * DAY_NS),
            "range_end": moment((day + 1) * DAY_NS),
            "requested_start": moment(self.days[0] * DAY_NS),
            "requested_end": moment((self.days[-1] + 1) * DAY_NS),
            "covered_from_ns": covered[0],
            "covered_to_ns": covered[1],
            "completion_status": "completed",
            "records_served": served,
            "records_processed": served - refused,
            "records_quarantined": refused,
        }

    def quarantined(self, day: int, position: int, row: Row) -> Row:
        """Return the row of a refused record with the columns that its chunk gives it."""
        return {"job_id": _JOB, "chunk_identifier": self.identifier(day), "position": position, **row}


def requests_of(files: Iterable[Content]) -> dict[Request, list[Content]]:
    """Return the files by what they were asked for. What files of the same symbols have is asked for once a day."""
    alike: dict[tuple[str, ...], list[tuple[Content, Question]]] = {}
    for file in files:
        question = question_of(file)
        key = (file.dataset, file.schema, question.symbol_type, *question.symbols)
        alike.setdefault(key, []).append((file, question))
    found: dict[Request, list[Content]] = {}
    for (dataset, schema, symbol_type, *symbols), answers in alike.items():
        covers = tuple(question.covered for _, question in answers)
        for days in spans_of({day for _, question in answers for day in question.days}):
            request = Request(dataset, schema, symbol_type, tuple(symbols), days, covers)
            found[request] = [file for file, _ in answers]
    return found


def by_day(request: Request, files: Iterable[Content]) -> Iterator[tuple[int, list[Item]]]:
    """Yield each day with its records in the order of the service.

    A record outside the days of its request is never served.
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
