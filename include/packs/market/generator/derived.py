"""What follows from trades: bars, statistics; and the definitions of the instruments."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from itertools import groupby

from databento_dbn import (
    UNDEF_PRICE,
    UNDEF_TIMESTAMP,
    InstrumentDefMsg,
    OHLCVMsg,
    RType,
    SecurityUpdateAction,
    StatMsg,
    StatType,
    StatUpdateAction,
)

from packs.market.generator.instruments import DAY_NS, SECOND, Instrument, midnight
from packs.market.generator.trading import Trade

_UNDEF_QUANTITY = 2**63 - 1
_INTERVALS = {"ohlcv-1m": (60 * SECOND, RType.OHLCV_1M), "ohlcv-1d": (DAY_NS, RType.OHLCV_1D)}


def bars_of(schema: str, trades: Iterable[Trade]) -> list[OHLCVMsg]:
    """Return the bars of trades: one for each publisher, instrument and interval of receipt with a trade."""
    length, rtype = _INTERVALS[schema]

    def interval(trade: Trade) -> tuple[int, int, int]:
        return trade.ts_recv // length, trade.publisher_id, trade.instrument_id

    bars = []
    # The sort is stable: within an interval the trades stay in the order of the stream.
    for (number, publisher, instrument), group in groupby(sorted(trades, key=interval), key=interval):
        within = list(group)
        prices = [trade.price for trade in within]
        bars.append(
            OHLCVMsg(
                rtype=int(rtype), publisher_id=publisher, instrument_id=instrument, ts_event=number * length,
                open=prices[0], high=max(prices), low=min(prices), close=prices[-1],
                volume=sum(trade.size for trade in within),
            )
        )  # fmt: skip
    return bars


def statistics_of(instrument: Instrument, day: dt.date, trades: list[Trade]) -> list[StatMsg]:
    """Return the statistics of a day: prices where the statistic is a price, quantities where it is one."""
    prices = [trade.price for trade in trades]
    volume = sum(trade.size for trade in trades)
    values = [
        (StatType.OPENING_PRICE, prices[0], _UNDEF_QUANTITY),
        (StatType.TRADING_SESSION_HIGH_PRICE, max(prices), _UNDEF_QUANTITY),
        (StatType.TRADING_SESSION_LOW_PRICE, min(prices), _UNDEF_QUANTITY),
        (StatType.SETTLEMENT_PRICE, prices[-1], _UNDEF_QUANTITY),
        (StatType.CLEARED_VOLUME, UNDEF_PRICE, volume),
        (StatType.OPEN_INTEREST, UNDEF_PRICE, 2_000_000 + volume),
    ]
    after = midnight(day) + DAY_NS - 600 * SECOND
    return [
        StatMsg(
            publisher_id=instrument.publishers[0], instrument_id=instrument.on(day).instrument_id,
            ts_event=after + number * SECOND, ts_recv=after + number * SECOND + 31_007,
            ts_ref=midnight(day) if kind is StatType.SETTLEMENT_PRICE else UNDEF_TIMESTAMP,
            price=price, quantity=quantity, stat_type=kind, sequence=0, ts_in_delta=9_001, channel_id=5,
            update_action=StatUpdateAction.NEW, stat_flags=0,
        )
        for number, (kind, price, quantity) in enumerate(values)
    ]  # fmt: skip


def definitions_of(instrument: Instrument, day: dt.date) -> list[InstrumentDefMsg]:
    """Return the definitions of a day: the snapshot at midnight with its old event time, and an update of a future."""
    contract = instrument.on(day)
    times = [(midnight(contract.first) - 3 * DAY_NS + 77, midnight(day), SecurityUpdateAction.ADD)]
    if instrument.stype_in == "continuous":
        update = midnight(day) + 8 * 3600 * SECOND + 123_456_789
        times.append((update, update + 45_001, SecurityUpdateAction.MODIFY))
    return [
        InstrumentDefMsg(
            publisher_id=instrument.publishers[0], instrument_id=contract.instrument_id, ts_event=event,
            ts_recv=received, raw_symbol=contract.raw_symbol, instrument_class=instrument.instrument_class,
            security_update_action=action, min_price_increment=instrument.tick,
            expiration=contract.expiration or UNDEF_TIMESTAMP, **instrument.definition,
        )
        for event, received, action in times
    ]  # fmt: skip
