"""The tables that the loader writes: their columns, their keys, and how a row's value becomes a column's."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """A table. `columns` are those of a row; `time` is the timestamptz column that is computed from `time`_ns.

    `fixed` are columns of fixed-point integers, which the database divides by 1e9.
    """

    name: str
    time: str
    key: tuple[str, ...]
    columns: dict[str, str]

    @property
    def fixed(self) -> frozenset[str]:
        """Return the columns of prices."""
        return frozenset(name for name, kind in self.columns.items() if kind == "price")


_HEAD = {"publisher_id": "int8", "instrument_id": "int8", "ts_event_ns": "int8"}
_TAIL = {"symbol": "text", "dataset": "text", "data_source": "text"}
_TRADE = _HEAD | {
    "ts_recv_ns": "int8",
    "ts_in_delta": "int8",
    "sequence": "int8",
    "ordinal": "int8",
    "price": "price",
    "size": "int8",
    "action": "text",
    "side": "text",
    "depth": "int8",
    "flags": "int8",
}
_QUOTE = _TRADE | dict.fromkeys(["bid_price", "ask_price"], "price")
_QUOTE |= dict.fromkeys(["bid_size", "ask_size", "bid_count", "ask_count"], "int8")
_BAR = _HEAD | dict.fromkeys(["open_price", "high_price", "low_price", "close_price"], "price")
_BAR |= {"volume": "int8", "granularity": "text"}
_STATISTIC = _HEAD | dict.fromkeys(["ts_recv_ns", "ts_ref_ns", "ts_in_delta", "sequence", "ordinal"], "int8")
_STATISTIC |= {"price": "price"}
_STATISTIC |= dict.fromkeys(["quantity", "stat_type", "channel_id", "update_action", "stat_flags"], "int8")
_TEXTS = (
    "raw_symbol", "instrument_class", "security_type", "security_update_action", "asset", "exchange", "currency",
    "underlying", "unit_of_measure",
)  # fmt: skip
_NUMBERS = (
    "ts_recv_ns", "ordinal", "underlying_id", "activation_ns", "expiration_ns", "contract_multiplier", "maturity_year",
    "maturity_month", "leg_count", "leg_index",
)  # fmt: skip
_DEFINITION_PRICES = (
    "min_price_increment", "display_factor", "high_limit_price", "low_limit_price", "strike_price",
    "unit_of_measure_qty",
)  # fmt: skip
_DEFINITION = _HEAD | dict.fromkeys(_TEXTS, "text") | dict.fromkeys(_NUMBERS, "int8")
_DEFINITION |= dict.fromkeys(_DEFINITION_PRICES, "price")

_EVENT_KEY = ("ts_event", "publisher_id", "instrument_id")
_TRADE_KEY = (*_EVENT_KEY, "ts_event_ns", "sequence", "ordinal")
_BARS = Table("daily_ohlcv_data", "ts_event", (*_EVENT_KEY, "granularity"), _BAR | _TAIL)
TABLES: dict[str, Table] = {
    "definition": Table(
        "definitions_data",
        "ts_recv",
        ("ts_recv", "publisher_id", "instrument_id", "ts_recv_ns", "ordinal"),
        _DEFINITION | _TAIL,
    ),
    "ohlcv-1d": _BARS,
    "ohlcv-1m": _BARS,
    "statistics": Table(
        "statistics_data",
        "ts_event",
        (*_EVENT_KEY, "ts_event_ns", "stat_type", "sequence", "ordinal"),
        _STATISTIC | _TAIL,
    ),
    "tbbo": Table("tbbo_data", "ts_event", _TRADE_KEY, _QUOTE | _TAIL),
    "trades": Table("trades_data", "ts_event", _TRADE_KEY, _TRADE | _TAIL),
}
