"""The hostile set: a small clean set with planted records. Some are wrong; some only look wrong and must be stored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from databento_dbn import (
    UNDEF_PRICE,
    UNDEF_TIMESTAMP,
    OHLCVMsg,
    RType,
    Side,
    StatMsg,
    StatType,
    StatUpdateAction,
)

from packs.market.generator.content import Case, SetContent, content_of
from packs.market.generator.golden import golden_trades
from packs.market.generator.instruments import AAPL, CL, DAYS, ES, INSTRUMENTS, SECOND, UNIT, midnight
from packs.market.generator.trading import Trade

_AT = midnight(DAYS[0]) + 15 * 3600 * SECOND
_YEAR_NS = 365 * 86_400 * SECOND
_SIDE_AT = 29  # the byte of a trade's side
UNKNOWN_SYMBOL = "NOSUCH.c.0"
UNMAPPED_INSTRUMENT = 999_999


def hostile_set(seed: int) -> SetContent:
    """Return the hostile set. What is stored of it is consistent across the schemas, as the golden set is."""
    trades = golden_trades(INSTRUMENTS, DAYS, seed)
    right = list(_right(trades))
    for _, symbol, trade in right:
        trades[symbol].append(trade)
    for own in trades.values():
        own.sort(key=lambda trade: trade.ts_recv)
    content = content_of(INSTRUMENTS, DAYS, trades)
    datasets = {instrument.symbol: instrument.dataset for instrument in INSTRUMENTS}
    for name, symbol, trade in right:
        for schema, record in (("trades", trade.trade()), ("tbbo", trade.quote())):
            content.cases.append(Case(name, "stored", datasets[symbol], schema, record))
    for case in (*_wrong_trades(trades), *_wrong_others(trades)):
        content.plant(case)
    content.unresolved = {ES.dataset: (UNKNOWN_SYMBOL,)}
    return content


def _right(trades: dict[str, list[Trade]]) -> Iterator[tuple[str, str, Trade]]:
    """Yield trades that look wrong and are right, as (case, symbol, trade)."""
    es, cl, aapl = (replace(trades[i.symbol][0], sequence=0) for i in (ES, CL, AAPL))

    def at(trade: Trade, number: int, **changes: Any) -> Trade:
        received = _AT + number * SECOND
        return replace(trade, ts_event=received - 50_001, ts_recv=received, sequence=500_000 + number, **changes)

    below = -37 * UNIT - 63 * UNIT // 100
    yield "negative_crude_oil", CL.symbol, at(cl, 1, price=below, bid=below, ask=below + CL.tick)
    yield "side_not_known", AAPL.symbol, at(aapl, 2, side=Side.NONE)
    no_book = {"bid": UNDEF_PRICE, "ask": UNDEF_PRICE, "bid_size": 0, "ask_size": 0}
    yield "no_book", ES.symbol, at(es, 3, **no_book)
    yield "one_side_of_the_book", ES.symbol, at(es, 4, bid=UNDEF_PRICE, bid_size=0)
    yield "crossed_book", ES.symbol, at(es, 5, bid=es.price + 2 * ES.tick, ask=es.price)
    yield "locked_book", ES.symbol, at(es, 6, bid=es.price, ask=es.price)
    yield "twin_trades", ES.symbol, at(es, 7)
    yield "twin_trades", ES.symbol, at(es, 7)


def _wrong_trades(trades: dict[str, list[Trade]]) -> Iterator[Case]:
    """Yield trades that must not be stored."""
    es, aapl = trades[ES.symbol][0], trades[AAPL.symbol][0]

    def at(trade: Trade, number: int, **changes: Any) -> Trade:
        received = _AT + number * SECOND
        changes = {"ts_event": received - 50_001, "ts_recv": received, "sequence": 600_000 + number, **changes}
        return replace(trade, **changes)

    def case(name: str, record: Any, stage: str, rule: str, dataset: str = ES.dataset) -> Case:
        return Case(name, "quarantine", dataset, "trades", record, stage, rule)

    validation, extraction = "validation", "extraction"
    negative = at(aapl, 20, price=-10 * UNIT).trade()
    yield case("negative_equity", negative, validation, "price_sign", AAPL.dataset)
    yield case("zero_equity", at(aapl, 21, price=0).trade(), validation, "price_sign", AAPL.dataset)
    yield case("missing_time", at(es, 22, ts_event=UNDEF_TIMESTAMP).trade(), validation, "missing_time")
    yield case("sentinel_price", at(es, 23, price=UNDEF_PRICE).trade(), validation, "missing_price")
    future = at(es, 24, ts_event=_AT + _YEAR_NS).trade()
    yield case("future_time", future, validation, "future_time")
    unmapped = at(es, 25, instrument_id=UNMAPPED_INSTRUMENT).trade()
    yield case("instrument_without_symbol", unmapped, "transformation", "unknown_symbol")
    yield case("wrong_type", at(es, 26).quote(), extraction, "wrong_type")
    letter = bytearray(bytes(at(es, 27).trade()))
    letter[_SIDE_AT] = ord("X")
    yield case("wrong_side", bytes(letter), extraction, "wrong_value")


def _wrong_others(trades: dict[str, list[Trade]]) -> Iterator[Case]:
    """Yield bars and statistics that must not be stored. The minutes of the bars have no trade."""
    day = midnight(DAYS[0])
    es = trades[ES.symbol][0]
    late = day + 23 * 3600 * SECOND + 1800 * SECOND

    def bar(minute: int, open_: int, high: int, low: int, close: int) -> OHLCVMsg:
        return OHLCVMsg(
            rtype=int(RType.OHLCV_1M), publisher_id=es.publisher_id, instrument_id=es.instrument_id,
            ts_event=late + minute * 60 * SECOND, open=open_, high=high, low=low, close=close, volume=7,
        )  # fmt: skip

    price = es.price
    bars = {
        "high_below_low": (bar(0, price, 100 * UNIT, 150 * UNIT, price), "ohlc_order"),
        "open_above_high": (bar(1, price + 5 * UNIT, price + UNIT, price - UNIT, price), "ohlc_order"),
        "sentinel_in_bar": (bar(2, price, UNDEF_PRICE, price, price), "missing_price"),
    }
    for name, (record, rule) in bars.items():
        yield Case(name, "quarantine", ES.dataset, "ohlcv-1m", record, "validation", rule)
    empty = StatMsg(
        publisher_id=1, instrument_id=es.instrument_id, ts_event=late, ts_recv=late + 1, ts_ref=UNDEF_TIMESTAMP,
        price=UNDEF_PRICE, quantity=2**63 - 1, stat_type=StatType.OPEN_INTEREST, sequence=3, ts_in_delta=1,
        channel_id=5, update_action=StatUpdateAction.NEW, stat_flags=0,
    )  # fmt: skip
    yield Case("statistic_without_value", "quarantine", ES.dataset, "statistics", empty, "validation", "missing_value")
