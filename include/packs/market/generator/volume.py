"""The volume set: one day of one future, with any number of trades."""

from __future__ import annotations

from packs.market.generator.content import SetContent, content_of
from packs.market.generator.instruments import DAYS, ES
from packs.market.generator.trading import trades_of


def volume_set(trades: int, seed: int) -> SetContent:
    """Return the set. Raises ValueError for less than one trade."""
    if trades < 1:
        raise ValueError("A set has one trade at least.")
    return content_of((ES,), DAYS[:1], {ES.symbol: trades_of(ES, DAYS[0], trades, seed)})
