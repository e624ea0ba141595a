"""What the database must hold after a job that asked for all files of a set, in chunks of a day."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from packs.market.oracle.dbn import Content, Record, decode, other_type, read
from packs.market.oracle.judging import above_zero, letters_are_known, refusal
from packs.market.oracle.rows import NO_TIME, TABLES, Row, row_of, time_or_none

_DAY_NS = 86_400_000_000_000
_EPOCH = dt.date(1970, 1, 1)
_RECEIVED_AT = {"definition": 16, "statistics": 16, "tbbo": 32, "trades": 32}
Item = tuple[Content, bytes]


class Expectation:
    """The expected content, from the files of a set by their names. Raises ValueError for a file that is not DBN."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = [read(path, name) for name, path in sorted(files.items())]
        self._definitions_seen = list(self._definitions())
        self._classes: dict[tuple[str, int, int], str | None] = {}

    def rows(self) -> Iterator[tuple[str, Row]]:
        """Yield (table, row) for every expected row: the five tables, `quarantined_records`, `download_progress`.

        Rows of the last two have the columns that follow from the files. Times of writing are not among them.
        """
        for group in self._groups():
            yield from self._of_group(group)

    def _groups(self) -> Iterator[list[Content]]:
        found: dict[tuple[str, str], list[Content]] = {}
        for file in self._files:
            found.setdefault((file.dataset, file.schema), []).append(file)
        yield from found.values()

    def _of_group(self, files: list[Content]) -> Iterator[tuple[str, Row]]:
        """Yield the rows of a schema of a data set, day by day."""
        days: dict[int, list[Item]] = {day: [] for file in files for day in _days_of(file)}
        for file in files:
            for record in file.records:
                days.setdefault(_time(file.schema, record) // _DAY_NS, []).append((file, record))
        for day, items in sorted(days.items()):
            # The service merges by the time; of equal times the order of the files and in them stays.
            items.sort(key=lambda item: _time(item[0].schema, item[1]))
            yield from self._of_day(files, day, items)

    def _of_day(self, files: list[Content], day: int, items: list[Item]) -> Iterator[tuple[str, Row]]:
        first = files[0]
        refused, counts = 0, Counter[tuple[Any, ...]]()
        for position, (file, record) in enumerate(items):
            table, row = self._judged(file, record, day, counts)
            if table == "quarantined_records":
                refused += 1
                row["position"] = position
            yield table, row
        common = {"dataset": first.dataset, "schema_name": first.schema}
        for number, symbol in enumerate(sorted({s for file in files for s in file.not_found}), start=1):
            yield "quarantined_records", {
                **common, "position": -number, "stage": "extraction", "rule": "unresolved_symbol", "symbol": symbol,
                "publisher_id": None, "instrument_id": None, "ts_event_ns": None, "ts_recv_ns": None, "day": _date(day),
            }  # fmt: skip
        yield "download_progress", {
            **common, "day": _date(day), "completion_status": "completed", "records_served": len(items),
            "records_processed": len(items) - refused, "records_quarantined": refused,
        }  # fmt: skip

    def _judged(self, file: Content, data: bytes, day: int, counts: Counter[tuple[Any, ...]]) -> tuple[str, Row]:
        """Return the table and the row of a record."""
        record = decode(file, data)
        if record is None:
            return _refused(file, other_type(file, data), day, "extraction", "wrong_type", None)
        record["_version"] = file.version
        if not letters_are_known(file.schema, record):
            return _refused(file, record, day, "extraction", "wrong_value", None)
        key = _key(file.schema, record)
        ordinal, counts[key] = counts[key], counts[key] + 1
        if record.get("ts_recv", record["ts_event"]) == NO_TIME:
            return _refused(file, record, day, "transformation", "missing_time", None)
        symbol = file.symbol_of(record["instrument_id"], _date(day))
        if symbol is None:
            return _refused(file, record, day, "transformation", "unknown_symbol", None)
        positive = above_zero(file.dataset, self._class_of(file.dataset, record["instrument_id"], day))
        reason = refusal(file.schema, record, (day * _DAY_NS, (day + 1) * _DAY_NS), positive=positive)
        if reason:
            return _refused(file, record, day, *reason, symbol)
        return TABLES[file.schema], row_of(file.schema, record, file.dataset, symbol, ordinal)

    def _definitions(self) -> Iterator[tuple[str, int, int, str]]:
        """Yield (data set, instrument, receipt, class) of all definitions that are stored, in their order."""
        for file in self._files:
            for data in file.records if file.schema == "definition" else ():
                record = decode(file, data)
                if record and letters_are_known("definition", record):
                    yield file.dataset, record["instrument_id"], record["ts_recv"], record["instrument_class"]

    def _class_of(self, dataset: str, instrument: int, day: int) -> str | None:
        asked, end = (dataset, instrument, day), (day + 1) * _DAY_NS
        if asked not in self._classes:
            known = [entry for entry in self._definitions_seen if entry[:2] == asked[:2] and entry[2] < end]
            self._classes[asked] = max(known, key=lambda entry: entry[2])[3] if known else None
        return self._classes[asked]


def _refused(file: Content, record: Record, day: int, stage: str, rule: str, symbol: str | None) -> tuple[str, Row]:
    received = record.get("ts_recv")
    return "quarantined_records", {
        "dataset": file.dataset,
        "schema_name": file.schema,
        "day": _date(day),
        "stage": stage,
        "rule": rule,
        "symbol": symbol,
        "publisher_id": record["publisher_id"],
        "instrument_id": record["instrument_id"],
        "ts_event_ns": time_or_none(record["ts_event"]),
        "ts_recv_ns": None if received is None else time_or_none(received),
    }


def _key(schema: str, record: Record) -> tuple[Any, ...]:
    if schema == "definition":
        return record["publisher_id"], record["instrument_id"], record["ts_recv"]
    return tuple(record.get(name) for name in ("publisher_id", "instrument_id", "ts_event", "sequence", "stat_type"))


def _time(schema: str, record: bytes) -> int:
    at = _RECEIVED_AT.get(schema, 8)
    return int.from_bytes(record[at : at + 8], "little")


def _days_of(file: Content) -> range:
    """Return the days that a file is for, as numbers since 1970."""
    start, end = file.range
    if end == NO_TIME:
        end = 1 + max((_time(file.schema, record) for record in file.records), default=start)
    return range(start // _DAY_NS, -(-end // _DAY_NS))


def _date(day: int) -> dt.date:
    return _EPOCH + dt.timedelta(days=day)
