"""The row of a record: what its table holds of it. Prices are texts with nine decimals, times texts in UTC."""

from __future__ import annotations

import datetime as dt
from typing import Any

from packs.market.oracle.dbn import Record

TABLES = {
    "definition": "definitions_data",
    "ohlcv-1d": "daily_ohlcv_data",
    "ohlcv-1m": "daily_ohlcv_data",
    "statistics": "statistics_data",
    "tbbo": "tbbo_data",
    "trades": "trades_data",
}
NO_PRICE = 0x7FFFFFFFFFFFFFFF
NO_TIME = 0xFFFFFFFFFFFFFFFF
NO_INT32 = 0x7FFFFFFF
_EPOCH = dt.datetime(1970, 1, 1)
Row = dict[str, Any]


def price(fixed: int) -> str | None:
    """Return a fixed-point integer of 1e-9 as a decimal text, None for the sentinel."""
    if fixed == NO_PRICE:
        return None
    whole, nano = divmod(abs(fixed), 10**9)
    return f"{'-' if fixed < 0 else ''}{whole}.{nano:09d}"


def moment(time_ns: int) -> str:
    """Return a time as a text with microseconds; what is below them is cut off."""
    return (_EPOCH + dt.timedelta(microseconds=time_ns // 1000)).isoformat(sep=" ", timespec="microseconds")


def time_or_none(time_ns: int) -> int | None:
    """Return nanoseconds, None for the sentinel."""
    return None if time_ns == NO_TIME else time_ns


def row_of(schema: str, record: Record, dataset: str, symbol: str | None, ordinal: int) -> Row:
    """Return the whole row of a record. A stored one has a symbol."""
    made = _MAKERS[schema.partition("-")[0]](record)
    if schema.startswith("ohlcv-"):
        made["granularity"] = schema[6:]
    else:
        made["ordinal"] = ordinal
    timed = "ts_recv" if schema == "definition" else "ts_event"
    return {
        timed: moment(record[timed]),
        "ts_event_ns": record["ts_event"],
        "publisher_id": record["publisher_id"],
        "instrument_id": record["instrument_id"],
        **made,
        "symbol": symbol,
        "dataset": dataset,
        "data_source": "databento",
    }


def _bar(record: Record) -> Row:
    prices = {f"{name}_price": price(record[name]) for name in ("open", "high", "low", "close")}
    return {**prices, "volume": record["volume"]}


def _trade(record: Record) -> Row:
    names = ("ts_in_delta", "sequence", "size", "action", "side", "depth", "flags")
    row = {name: record[name] for name in names}
    return {**row, "ts_recv_ns": record["ts_recv"], "price": price(record["price"])}


def _quote(record: Record) -> Row:
    return {
        **_trade(record),
        "bid_price": price(record["bid_px_00"]),
        "ask_price": price(record["ask_px_00"]),
        "bid_size": record["bid_sz_00"],
        "ask_size": record["ask_sz_00"],
        "bid_count": record["bid_ct_00"],
        "ask_count": record["ask_ct_00"],
    }


def _statistic(record: Record) -> Row:
    names = ("ts_in_delta", "sequence", "stat_type", "channel_id", "update_action", "stat_flags")
    row = {name: record[name] for name in names}
    return {
        **row,
        "ts_recv_ns": record["ts_recv"],
        "ts_ref_ns": time_or_none(record["ts_ref"]),
        "price": price(record["price"]),
        "quantity": quantity(record),
    }


def quantity(record: Record) -> int | None:
    """Return the quantity of a statistic. Versions 1 and 2 have it in 32 bits, with a sentinel of that size."""
    empty = NO_INT32 if record["_version"] < 3 else NO_PRICE
    return None if record["quantity"] == empty else int(record["quantity"])


def _definition(record: Record) -> Row:
    texts = ("raw_symbol", "instrument_class", "security_type", "security_update_action", "asset", "exchange")
    prices = ("min_price_increment", "display_factor", "high_limit_price", "low_limit_price", "strike_price")
    multiplier = record["contract_multiplier"]
    return {
        **{name: record[name] for name in (*texts, "currency", "underlying", "underlying_id", "unit_of_measure")},
        **{name: price(record[name]) for name in (*prices, "unit_of_measure_qty")},
        "ts_recv_ns": record["ts_recv"],
        "activation_ns": time_or_none(record["activation"]),
        "expiration_ns": time_or_none(record["expiration"]),
        "contract_multiplier": None if multiplier == NO_INT32 else multiplier,
        "maturity_year": None if record["maturity_year"] == 0xFFFF else record["maturity_year"],
        "maturity_month": None if record["maturity_month"] == 0xFF else record["maturity_month"],
        # Legs are known since version 3.
        "leg_count": record.get("leg_count", 0),
        "leg_index": record.get("leg_index", 0),
    }


_MAKERS = {"definition": _definition, "ohlcv": _bar, "statistics": _statistic, "tbbo": _quote, "trades": _trade}
