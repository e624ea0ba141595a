"""The row of a record that must not be stored: it is quarantined with the reason and all that is known about it."""

from __future__ import annotations

from typing import Any

from packs.market.oracle.dbn import Content, Record
from packs.market.oracle.rows import NO_TIME, Row, row_of, time_or_none

# What the API calls a record of a type, the second byte of every record.
_NAMES = {
    0x00: "TradeMsg", 0x01: "MBP1Msg", 0x0A: "MBP10Msg", 0x12: "StatusMsg", 0x13: "InstrumentDefMsg",
    0x14: "ImbalanceMsg", 0x15: "ErrorMsg", 0x16: "SymbolMappingMsg", 0x17: "SystemMsg", 0x18: "StatMsg",
    0x20: "OHLCVMsg", 0x21: "OHLCVMsg", 0x22: "OHLCVMsg", 0x23: "OHLCVMsg", 0x24: "OHLCVMsg", 0xA0: "MBOMsg",
}  # fmt: skip
# The client lengthens older records of these types, so their bytes are not those of the file.
_LENGTHENED = {"InstrumentDefMsg", "StatMsg"}
_PRICES = {"price", "min_price_increment", "display_factor", "unit_of_measure_qty"}
_HEADER = ("publisher_id", "instrument_id", "ts_event")


def refused(file: Content, record: Record, stage: str, rule: str, symbol: str | None, context: Row) -> Row:
    """Return the row of a refused record, without the columns that its chunk gives it."""
    return {
        "stage": stage,
        "rule": rule,
        "symbol": symbol,
        "publisher_id": record["publisher_id"],
        "instrument_id": record["instrument_id"],
        "ts_event_ns": time_or_none(record["ts_event"]),
        "ts_recv_ns": time_or_none(record.get("ts_recv", NO_TIME)),
        "dataset": file.dataset,
        "schema_name": file.schema,
        "record": context,
    }


def unread(data: bytes, record: Record) -> Row:
    """Return the context of a record that fits no model: its header and its bytes."""
    name = _NAMES.get(data[1], "")
    found: dict[str, Any] = {field: record[field] for field in _HEADER}
    found |= {"ts_recv": record.get("ts_recv"), "type": name}
    return found if name in _LENGTHENED else {**found, "bytes": data.hex()}


def unstored(schema: str, record: Record, dataset: str, symbol: str | None, ordinal: int) -> Row:
    """Return the context of a record that was read: its row, with prices in fixed point, before times are made."""
    row = row_of(schema, record, dataset, symbol, ordinal)
    found: Row = {name: _fixed(value) if _is_price(name) else value for name, value in row.items()}
    for name in {"ts_event_ns", "ts_recv_ns"} & found.keys():
        found[name] = time_or_none(row[name])
    return {name: value for name, value in found.items() if name not in ("ts_event", "ts_recv")}


def _is_price(name: str) -> bool:
    return name in _PRICES or name.endswith("_price")


def _fixed(price: str | None) -> int | None:
    return None if price is None else int(price.replace(".", ""))
