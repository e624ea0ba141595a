"""Why a record must not be stored: (stage, rule), or None where it must."""

from __future__ import annotations

from packs.market.oracle.dbn import Record
from packs.market.oracle.rows import NO_PRICE, NO_TIME, quantity

_MINUTE_NS = 60_000_000_000
_ABOVE_ZERO = {"K", "C", "P", "B"}
_ONE_KIND = {"XNAS", "XNYS", "ARCX", "EQUS", "DBEQ", "XASE", "OPRA"}
_AMOUNTS = {6, 9}
_PRICES = {1, 2, 3, 4, 5, 7, 8, 10, 11, 13}
_DELETED = 2
_NO_SIZE = 0xFFFFFFFF
_LAST_STORABLE = 2**63 - 1
Reason = tuple[str, str] | None


def letters_are_known(schema: str, record: Record) -> bool:
    """Return whether the fields that are letters, and texts that must not be empty, have a meaning."""
    if schema in ("trades", "tbbo"):
        return record["side"] in {"A", "B", "N"} and record["action"] == "T"
    if schema == "definition":
        return bool(record["raw_symbol"] and record["instrument_class"] and record["security_update_action"])
    return not schema.startswith("ohlcv") or record["volume"] <= _LAST_STORABLE


def above_zero(dataset: str, instrument_class: str | None) -> bool:
    """Return whether the prices of an instrument must be above zero."""
    if instrument_class is None:
        return dataset.split(".", maxsplit=1)[0] in _ONE_KIND
    return instrument_class in _ABOVE_ZERO


def refusal(schema: str, record: Record, span: tuple[int, int], *, positive: bool) -> Reason:
    """Return why a record with a symbol is refused. `span` is [start, end) of its chunk in nanoseconds."""
    if record["ts_event"] == NO_TIME:
        return "validation", "missing_time"
    time: int = record["ts_recv"] if "ts_recv" in record else record["ts_event"]
    if not span[0] <= time < span[1]:
        return "validation", "outside_range"
    if "ts_recv" in record and record["ts_event"] > time + _MINUTE_NS:
        return "validation", "future_time"
    rule = _RULES[schema.partition("-")[0]](record, positive)
    return ("validation", rule) if rule else None


def _definition(record: Record, _positive: bool) -> str:
    return "wrong_value" if any(_too_late(record[name]) for name in ("activation", "expiration")) else ""


def _too_late(time: int) -> bool:
    return _LAST_STORABLE < time < NO_TIME


def _trade(record: Record, positive: bool) -> str:
    if record["price"] == NO_PRICE or record["size"] == _NO_SIZE:
        return "missing_price"
    return "price_sign" if positive and record["price"] <= 0 else ""


def _bar(record: Record, positive: bool) -> str:
    prices = [record[name] for name in ("open", "high", "low", "close")]
    if NO_PRICE in prices:
        return "missing_price"
    if record["high"] != max(prices) or record["low"] != min(prices):
        return "ohlc_order"
    if not record["volume"]:
        return "volume"
    return "price_sign" if positive and min(prices) <= 0 else ""


def _statistic(record: Record, positive: bool) -> str:
    if _too_late(record["ts_ref"]):
        return "wrong_value"
    kind = record["stat_type"]
    has_price, has_amount = record["price"] != NO_PRICE, quantity(record) is not None
    if record["update_action"] != _DELETED:
        wanted = has_amount if kind in _AMOUNTS else has_price if kind in _PRICES else has_price or has_amount
        if not wanted:
            return "missing_value"
    return "price_sign" if positive and has_price and kind in _PRICES and record["price"] <= 0 else ""


_RULES = {"definition": _definition, "ohlcv": _bar, "statistics": _statistic, "tbbo": _trade, "trades": _trade}
