"""The typed rows of an event that has passed the gate, and the failures of rows that cannot be written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from packs.livepeer.oracle.canonical import written
from packs.livepeer.oracle.columns import ColumnValueError, Reader, as_object, child, column_text, float32, offers
from packs.livepeer.oracle.typed import mapping
from packs.livepeer.oracle.typed.capabilities import FAN_OUTS
from packs.livepeer.oracle.typed.gate import FREE_TEXT
from packs.livepeer.oracle.typed.judged import NOWHERE, Failure, Judged, Row, Source
from packs.livepeer.oracle.typed.size import MAX_ROW_BYTES, may_be_oversize, row_bytes
from packs.livepeer.oracle.values import BLANKS, LAST_MS, iso

Parser = Callable[[Judged, Row, Row], Iterator[Row]]

_DECIMAL = re.compile(r"[0-9]+(\.[0-9]+)?")
_UNPARSEABLE = Failure("PARSE", "PARSING_FAILED", "parse_exception", FREE_TEXT)


class Typed(NamedTuple):
    """The rows that are written, as (table, row) without silver, and the failures in the order of the tables."""

    rows: list[tuple[str, Row]]
    failures: list[Failure]


def typed(judged: Judged, source: Source = NOWHERE) -> Typed:
    """Return the typed rows of an event that has passed the gate."""
    result = Typed([], [])
    for table, parse in PARSERS[judged.family]:
        try:
            rows = list(_parsed(parse, judged, source))
        except ColumnValueError:
            result.failures.append(_UNPARSEABLE)
            continue
        held_back = []
        if may_be_oversize(judged.raw):
            sizes = [row_bytes(row) for row in rows]
            held_back = [size for size in sizes if size > MAX_ROW_BYTES]
            rows = [row for row, size in zip(rows, sizes, strict=True) if size <= MAX_ROW_BYTES]
        if held_back:
            result.failures.append(_too_large(table, held_back))
        result.rows.extend((table, _as_floats(table, row)) for row in rows)
    return result


def silver_table(family: str) -> str:
    """Return the silver table with one row per accepted event of a family, "" for none."""
    return mapping.ONE_ROW[family].silver if family in mapping.ONE_ROW else ""


def _parsed(parse: Parser, judged: Judged, source: Source) -> Iterator[Row]:
    """Yield the rows of one table. Raises ColumnValueError when a value does not fit its column."""
    if judged.time is None or judged.time > LAST_MS:
        raise ColumnValueError("the event's time is beyond the warehouse's dates")
    moment = iso(judged.time) or ""
    lineage: Row = {
        "raw_event_uid": judged.uid,
        "source_topic": source.topic,
        "source_partition": source.partition,
        "source_offset": source.offset,
    }
    yield from parse(judged, {"event_timestamp": moment, "event_date": moment[:10]}, lineage)


def _one_row(table: mapping.Table) -> Parser:
    """Return the parser of a table with one row per record."""
    by_holder: dict[tuple[str, ...], list[tuple[str, str, Reader]]] = {}
    for column, (path, reader) in table.columns.items():
        *holder, name = path.split(".")
        by_holder.setdefault(tuple(holder), []).append((column, name, reader))
    plan = list(by_holder.items())

    def parse(judged: Judged, when: Row, lineage: Row) -> Iterator[Row]:
        data = table.view(judged.data) if table.view else judged.data
        row = {**when, "raw_json": judged.raw, **lineage}
        for path, members in plan:
            holder = data
            for name in path:
                holder = child(holder, name)
            for column, name, reader in members:
                row[column] = reader(holder.get(name))
        yield row

    return parse


def _status(judged: Judged, when: Row, lineage: Row) -> Iterator[Row]:
    for row in _STATUS(judged, when, lineage):
        row["event_hour"] = int(row["event_timestamp"][11:13])
        row["gateway"] = column_text(judged.root.get("gateway"))
        yield row


def _trace(judged: Judged, when: Row, lineage: Row) -> Iterator[Row]:
    for row in _TRACE(judged, when, lineage):
        # A milestone without a time of its own has that of its envelope.
        row["data_timestamp"] = row["data_timestamp"] or row["event_timestamp"]
        yield row


def _discovery(judged: Judged, when: Row, lineage: Row) -> Iterator[Row]:
    for item in map(as_object, judged.data):
        yield {
            **when,
            "orchestrator_address": column_text(item.get("address")),
            "orchestrator_url": column_text(item.get("url")),
            "latency_ms": _latency(item.get("latency_ms")),
            "raw_json": written(item),
            **lineage,
        }


def _latency(value: Any) -> int:
    """Return a latency in whole ms, from a number or a text of digits with at most one dot; else 0. Truncates."""
    latency = -1
    if isinstance(value, str) and _DECIMAL.fullmatch(value.strip(BLANKS)):
        digits = value.strip(BLANKS).split(".")[0].lstrip("0") or "0"
        latency = int(digits) if len(digits) <= 10 else -1
    elif isinstance(value, int | float) and not isinstance(value, bool):
        latency = int(value)
    return latency if 0 <= latency < 1 << 32 else 0


def _fan_out(parts: Callable[[Row], Iterator[Row]]) -> Parser:
    """Return the parser of one of the tables of `network_capabilities`."""

    def parse(judged: Judged, when: Row, lineage: Row) -> Iterator[Row]:
        for offer in offers(judged.data):
            common = {
                **when,
                "source_event_id": judged.event_id,
                **mapping.read(mapping.IDENTITY, offer),
                "raw_json": written(offer),
                **lineage,
            }
            for columns in parts(offer):
                yield {**common, **columns}

    return parse


def _too_large(table: str, sizes: list[int]) -> Failure:
    details = (
        f"row of {max(sizes)} bytes exceeds the limit of {MAX_ROW_BYTES} bytes ({table}, {len(sizes)} rows held back)"
    )
    return Failure("SINK_GUARD", "RECORD_TOO_LARGE", "record_too_large", details)


def _as_floats(table: str, row: Row) -> Row:
    """Return the row with floats in its float columns. Before, they are as in the event (`5` or `5.0`) for the size."""
    for name in _FLOAT_COLUMNS.get(table, ()):
        row[name] = float(row[name])
    return row


_FLOAT_COLUMNS = {
    table.name: tuple(column for column, (_, reader) in table.columns.items() if reader is float32)
    for table in mapping.ONE_ROW.values()
}
_STATUS = _one_row(mapping.ONE_ROW["ai_stream_status"])
_TRACE = _one_row(mapping.ONE_ROW["stream_trace"])

PARSERS: dict[str, tuple[tuple[str, Parser], ...]] = {
    **{family: ((table.name, _one_row(table)),) for family, table in mapping.ONE_ROW.items()},
    "ai_stream_status": (("ai_stream_status", _status),),
    "stream_trace": (("stream_trace_events", _trace),),
    "discovery_results": (("discovery_results", _discovery),),
    "network_capabilities": tuple((table, _fan_out(parts)) for table, parts in FAN_OUTS),
}
