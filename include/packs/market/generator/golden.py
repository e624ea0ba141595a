"""The golden set: clean records. What is odd in it occurs in real data: twins, a side of N, event times that fall."""

from __future__ import annotations

import datetime as dt

from packs.market.generator.content import SetContent, content_of
from packs.market.generator.instruments import CL, DAYS, INSTRUMENTS, Instrument
from packs.market.generator.trading import Trade, across_midnight, beyond_doubles, trades_of

_TRADES_A_DAY = {"ES.c.0": 60, "CL.c.0": 40}
_OTHERS_A_DAY = 24
# One that has no twin.
_PRECISE = 20


def golden_set(seed: int) -> SetContent:
    """Return the golden set."""
    return content_of(INSTRUMENTS, DAYS, golden_trades(INSTRUMENTS, DAYS, seed))


def golden_trades(instruments: tuple[Instrument, ...], days: tuple[dt.date, ...], seed: int) -> dict[str, list[Trade]]:
    """Return the trades by symbol.

    One of crude oil happens before midnight and is received after it; another one has a price that no double holds.
    """
    found: dict[str, list[Trade]] = {}
    for instrument in instruments:
        own = found.setdefault(instrument.symbol, [])
        for day in days:
            trades = trades_of(instrument, day, _TRADES_A_DAY.get(instrument.symbol, _OTHERS_A_DAY), seed)
            if instrument is CL and day != days[0]:
                own.append(across_midnight(trades[0], day))
            if instrument is CL and day == days[0]:
                trades[_PRECISE] = beyond_doubles(trades[_PRECISE])
            own.extend(trades)
    return found
