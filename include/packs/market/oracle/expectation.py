"""What the database must hold after a job that asked for all files of a set, in chunks of a day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from packs.market.oracle.chunks import Item, Request, by_day, requests_of
from packs.market.oracle.dbn import Content, Record, decode, other_type, read
from packs.market.oracle.judging import above_zero, letters_are_known, refusal
from packs.market.oracle.questions import DAY_NS, date_of
from packs.market.oracle.refusals import refused, unread, unstored
from packs.market.oracle.rows import TABLES, Row, row_of

_QUARANTINE = "quarantined_records"


class Expectation:
    """The expected content, from the files of a set by their names. Raises ValueError for a file that is not DBN."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = [read(path, name) for name, path in sorted(files.items())]
        self._definitions = self._definitions_seen()
        self._classes: dict[tuple[str, int, int], str | None] = {}

    def rows(self) -> Iterator[tuple[str, Row]]:
        """Yield (table, row) for every expected row: the five tables, `quarantined_records`, `download_progress`.

        Rows of the last two have the columns that follow from the files. The clock, the wording of a message and how
        often a chunk was loaded do not.
        """
        for request, files in requests_of(self._files).items():
            for day, items in by_day(request, files):
                yield from self._of_day(request, day, items)

    def _of_day(self, request: Request, day: int, items: list[Item]) -> Iterator[tuple[str, Row]]:
        number, counts = 0, Counter[tuple[Any, ...]]()
        for position, (file, record) in enumerate(items):
            table, row = self._judged(file, record, day, counts)
            if table == _QUARANTINE:
                number += 1
                row = request.quarantined(day, position, row)
            yield table, row
        alike = (file for file in self._files if (file.dataset, file.schema) == (request.dataset, request.schema))
        for place, symbol in enumerate(request.unresolved(alike), start=1):
            yield _QUARANTINE, request.quarantined(day, -place, _unresolved(request, symbol))
        yield "download_progress", request.progress(day, len(items), number)

    def _judged(self, file: Content, data: bytes, day: int, counts: Counter[tuple[Any, ...]]) -> tuple[str, Row]:
        """Return the table and the row of a record."""
        record = decode(file, data)
        if record is None:
            other = other_type(file, data)
            return _QUARANTINE, refused(file, other, "extraction", "wrong_type", None, unread(data, other))
        record["_version"] = file.version
        if not letters_are_known(file.schema, record):
            return _QUARANTINE, refused(file, record, "extraction", "wrong_value", None, unread(data, record))
        key = _key(file.schema, record)
        ordinal, counts[key] = counts[key], counts[key] + 1
        symbol = file.symbol_of(record["instrument_id"], date_of(day))
        reason = self._reason(file, record, day, symbol)
        if reason:
            context = unstored(file.schema, record, file.dataset, symbol, ordinal)
            return _QUARANTINE, refused(file, record, *reason, symbol, context)
        return TABLES[file.schema], row_of(file.schema, record, file.dataset, symbol, ordinal)

    def _reason(self, file: Content, record: Record, day: int, symbol: str | None) -> tuple[str, str] | None:
        """Return why a record that could be read is refused, None where it is stored."""
        if symbol is None:
            return "transformation", "unknown_symbol"
        positive = above_zero(file.dataset, self._class_of(file.dataset, record["instrument_id"], day))
        return refusal(file.schema, record, (day * DAY_NS, (day + 1) * DAY_NS), positive=positive)

    def _definitions_seen(self) -> dict[tuple[str, int], list[tuple[int, str]]]:
        """Return (receipt, class) of all definitions of an instrument of a data set, in their order."""
        found: dict[tuple[str, int], list[tuple[int, str]]] = {}
        for file in self._files:
            for data in file.records if file.schema == "definition" else ():
                record = decode(file, data)
                if record and letters_are_known("definition", record):
                    own = found.setdefault((file.dataset, record["instrument_id"]), [])
                    own.append((record["ts_recv"], record["instrument_class"]))
        return found

    def _class_of(self, dataset: str, instrument: int, day: int) -> str | None:
        asked, end = (dataset, instrument, day), (day + 1) * DAY_NS
        if asked not in self._classes:
            known = [entry for entry in self._definitions.get((dataset, instrument), ()) if entry[0] < end]
            self._classes[asked] = max(known, key=lambda entry: entry[0])[1] if known else None
        return self._classes[asked]


def _unresolved(request: Request, symbol: str) -> Row:
    """Return the row of a symbol that the service does not know. It is about no record."""
    nothing = dict.fromkeys(("publisher_id", "instrument_id", "ts_event_ns", "ts_recv_ns"))
    about = {"stage": "extraction", "rule": "unresolved_symbol", "symbol": symbol, "record": {"symbol": symbol}}
    return {**nothing, **about, "dataset": request.dataset, "schema_name": request.schema}


def _key(schema: str, record: Record) -> tuple[Any, ...]:
    if schema == "definition":
        return record["publisher_id"], record["instrument_id"], record["ts_recv"]
    return tuple(record.get(name) for name in ("publisher_id", "instrument_id", "ts_event", "sequence", "stat_type"))
