"""Trading of an instrument: trades with the book just before them, in the order of receipt."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from random import Random

from databento_dbn import F_LAST, UNDEF_PRICE, Action, BidAskPair, MBP1Msg, Side, TradeMsg

from packs.market.generator.instruments import SECOND, Instrument, midnight

# 9007199.254740993, in units of 1e-9 the first integer that no double holds.
NO_DOUBLE = 2**53 + 1
_SIDES = (Side.BID, Side.ASK, Side.BID, Side.ASK, Side.NONE)
# One trade in so many has a twin that equals it in everything, as real trades do.
_TWIN_EVERY = 13
# The number of trades of a burst, which are at most 60 ms apart from each other.
_BURST = 4


@dataclass(frozen=True, slots=True)
class Trade:
    """A trade and the book before it. Times are nanoseconds since 1970 UTC, prices fixed-point integers."""

    publisher_id: int
    instrument_id: int
    ts_event: int
    ts_recv: int
    price: int
    size: int
    side: Side
    sequence: int
    bid: int
    ask: int
    bid_size: int
    ask_size: int

    def trade(self) -> TradeMsg:
        """Return the record of schema trades."""
        return TradeMsg(**self._fields())

    def quote(self) -> MBP1Msg:
        """Return the record of schema tbbo. A side of the book without a price has no orders."""
        level = BidAskPair(
            bid_px=self.bid, ask_px=self.ask, bid_sz=self.bid_size, ask_sz=self.ask_size,
            bid_ct=_orders(self.bid, self.bid_size), ask_ct=_orders(self.ask, self.ask_size),
        )  # fmt: skip
        return MBP1Msg(**self._fields(), levels=level)

    def _fields(self) -> dict[str, object]:
        return {
            "publisher_id": self.publisher_id,
            "instrument_id": self.instrument_id,
            "ts_event": self.ts_event,
            "ts_recv": self.ts_recv,
            "ts_in_delta": 11_000 + self.sequence % 7_000,
            "price": self.price,
            "size": self.size,
            "action": Action.TRADE,
            "side": self.side,
            "depth": 0,
            "flags": F_LAST if self.sequence % 3 else 0,
            "sequence": self.sequence,
        }


def _orders(price: int, size: int) -> int:
    return 0 if price == UNDEF_PRICE else 1 + size // 4


def trades_of(instrument: Instrument, day: dt.date, count: int, seed: int) -> list[Trade]:
    """Return so many trades of a day. Event times may fall, times of receipt never do; a side of N occurs."""
    random = Random(f"{seed}|{instrument.symbol}|{day}")  # noqa: S311 - made-up trades, not secrets
    first, last = (midnight(day) + hour * 3600 * SECOND for hour in instrument.hours)
    received = _times(random, first + SECOND, last, count)
    price = instrument.price
    found: list[Trade] = []
    contract = instrument.on(day)
    for number, time in enumerate(received):
        if found and number % _TWIN_EVERY == 0:
            found.append(found[-1])
            continue
        price = max(instrument.tick * 2, price + random.choice((-2, -1, 0, 0, 1, 2)) * instrument.tick)
        side = random.choice(_SIDES)
        bid = price - instrument.tick if side is Side.BID else price
        found.append(
            Trade(
                publisher_id=random.choice(instrument.publishers),
                instrument_id=contract.instrument_id,
                ts_event=time - random.randrange(20_000, 900_000_000),
                ts_recv=time,
                price=price,
                size=random.choice((1, 1, 1, 2, 3, 5, 10, 25)),
                side=side,
                sequence=1000 + number * 3,
                bid=bid,
                ask=bid + instrument.tick,
                bid_size=random.randrange(1, 60),
                ask_size=random.randrange(1, 60),
            )
        )
    return found


def _times(random: Random, first: int, end: int, count: int) -> list[int]:
    """Return times of receipt, in order. Trades come in bursts: within one, event times often fall."""
    found = sorted(random.randrange(first, end - SECOND) for _ in range(count))
    for number in range(1, count):
        if number % _BURST:
            found[number] = min(found[number], found[number - 1] + random.randrange(1, 60_000_000))
    return found


def beyond_doubles(trade: Trade) -> Trade:
    """Return a trade at a price that has too many digits for a floating-point number."""
    return replace(trade, price=NO_DOUBLE, bid=NO_DOUBLE - 1, ask=NO_DOUBLE)


def across_midnight(trade: Trade, day: dt.date) -> Trade:
    """Return a trade that happens just before a day and is received just after its beginning."""
    return replace(trade, ts_event=midnight(day) - 150_001, ts_recv=midnight(day) + 120_003, sequence=990)
