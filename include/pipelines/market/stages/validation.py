"""Validation: the rules that a row must satisfy. A row that breaks one is quarantined with the rule's name.

What looks odd and is right is not refused: a price below zero of a future or a spread, a trade without a known side, an
event time that falls, a quote without a book, and one whose bid is above its ask (before a market opens).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from pipelines.market.stages.extraction import Refused
from pipelines.market.stages.records import UNDEF_SIZE
from pipelines.market.stages.rules import Row

# The instrument classes whose prices are above zero: stocks, calls and puts, bonds. Futures and spreads may be below.
POSITIVE_CLASSES = frozenset("KCPB")
# Data sets that hold one kind of instrument only, so that no definition is needed.
_CLASS_OF_DATASET = {"XNAS": "K", "XNYS": "K", "ARCX": "K", "EQUS": "K", "DBEQ": "K", "XASE": "K", "OPRA": "C"}
# Clocks differ a bit; a minute is no difference of clocks.
_CLOCK_DIFFERENCE_NS = 60 * 10**9
_DELETED = 2
_QUANTITY_STATISTICS = frozenset({6, 9})  # cleared volume, open interest
# Opening, settlement, low, high, lowest offer, highest bid, fixing, close; changes and greeks may be below zero.
_PRICE_STATISTICS = frozenset({1, 2, 3, 4, 5, 7, 8, 10, 11, 13})
Rule = Callable[[Row], str]


class Validator:
    """The rules of one schema. `classes` is the instrument class by instrument, `window` [start, end) in ns.

    `crossed` counts the quotes whose bid is above their ask.
    """

    def __init__(self, schema: str, dataset: str, classes: Mapping[int, str], window: tuple[int, int]) -> None:
        self._classes = classes
        self._default = _CLASS_OF_DATASET.get(dataset.partition(".")[0], "")
        self._window = window
        self._rules = self._rules_of(schema)
        self.crossed = 0

    def validate(self, rows: Iterable[tuple[int, Row] | Refused]) -> Iterator[tuple[int, Row] | Refused]:
        """Yield the rows that satisfy every rule, and for another the first rule that it breaks."""
        for item in rows:
            if isinstance(item, Refused):
                yield item
                continue
            position, row = item
            for name, rule in self._rules:
                reason = rule(row)
                if reason:
                    yield Refused(position, "validation", name, reason, row, row["symbol"])
                    break
            else:
                yield item

    def _rules_of(self, schema: str) -> list[tuple[str, Rule]]:
        common: list[tuple[str, Rule]] = [("missing_time", _missing_time), ("outside_range", self._outside)]
        if schema == "definition":
            return [*common, ("future_time", _future), ("wrong_value", _beyond_storage)]
        if schema.startswith("ohlcv-"):
            return [*common, ("missing_price", _missing_bar_price), ("ohlc_order", _ohlc_order),
                    ("volume", _volume), ("price_sign", self._bar_sign)]  # fmt: skip
        common.append(("future_time", _future))
        if schema == "statistics":
            return [*common, ("wrong_value", _beyond_storage), ("missing_value", _missing_value),
                    ("price_sign", self._statistic_sign)]  # fmt: skip
        trade: list[tuple[str, Rule]] = [("missing_price", _missing_price), ("price_sign", self._sign)]
        return [*common, *trade] if schema == "trades" else [*common, *trade, ("crossed", self._count_crossed)]

    def _outside(self, row: Row) -> str:
        time = row["ts_recv_ns"] if "ts_recv_ns" in row else row["ts_event_ns"]
        start, end = self._window
        return "" if start <= time < end else f"{time} is not in the requested range [{start}, {end})"

    def _positive(self, row: Row) -> bool:
        return self._classes.get(row["instrument_id"], self._default) in POSITIVE_CLASSES

    def _sign(self, row: Row) -> str:
        if row["price"] > 0 or not self._positive(row):
            return ""
        return f"price {row['price']} of an instrument whose prices are above zero"

    def _bar_sign(self, row: Row) -> str:
        return "" if row["low_price"] > 0 or not self._positive(row) else f"low {row['low_price']} is not above zero"

    def _statistic_sign(self, row: Row) -> str:
        return self._sign(row) if row["price"] is not None and row["stat_type"] in _PRICE_STATISTICS else ""

    def _count_crossed(self, row: Row) -> str:
        bid, ask = row["bid_price"], row["ask_price"]
        self.crossed += bid is not None and ask is not None and bid > ask
        return ""


def _missing_time(row: Row) -> str:
    return "there is no event time" if row["ts_event_ns"] is None else ""


def _missing_price(row: Row) -> str:
    if row["price"] is None:
        return "there is no price"
    return "there is no size" if row["size"] == UNDEF_SIZE else ""


def _missing_bar_price(row: Row) -> str:
    missing = [name for name in ("open_price", "high_price", "low_price", "close_price") if row[name] is None]
    return f"there is no {', '.join(missing)}" if missing else ""


def _ohlc_order(row: Row) -> str:
    low, high = row["low_price"], row["high_price"]
    if low <= min(row["open_price"], row["close_price"]) and max(row["open_price"], row["close_price"]) <= high:
        return ""
    return f"low {low}, open {row['open_price']}, close {row['close_price']}, high {high}"


def _volume(row: Row) -> str:
    return "" if row["volume"] > 0 else "a bar without volume"


def _future(row: Row) -> str:
    ahead = row["ts_event_ns"] - row["ts_recv_ns"]
    return f"the event is {ahead} ns after its receipt" if ahead > _CLOCK_DIFFERENCE_NS else ""


def _beyond_storage(row: Row) -> str:
    beyond = [name for name in ("activation_ns", "expiration_ns", "ts_ref_ns") if (row.get(name) or 0) >= 2**63]
    return f"{', '.join(beyond)} is after the year 2262" if beyond else ""


def _missing_value(row: Row) -> str:
    if row["update_action"] == _DELETED:
        return ""
    kind = row["stat_type"]
    if kind in _QUANTITY_STATISTICS:
        return "" if row["quantity"] is not None else f"statistic {kind} without its quantity"
    if kind in _PRICE_STATISTICS:
        return "" if row["price"] is not None else f"statistic {kind} without its price"
    return "" if (row["price"], row["quantity"]) != (None, None) else f"statistic {kind} without a value"
