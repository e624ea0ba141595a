"""The content of a set before it is written: the records of each data set and schema, and the planted cases."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from packs.market.generator.derived import bars_of, definitions_of, statistics_of
from packs.market.generator.instruments import Instrument, day_of
from packs.market.generator.trading import Trade

SCHEMAS = ("definition", "ohlcv-1d", "ohlcv-1m", "statistics", "tbbo", "trades")


@dataclass(slots=True)
class Case:
    """A planted record and where it belongs: `stored`, or `quarantine` with the stage and the rule that find it."""

    name: str
    place: str
    dataset: str
    schema: str
    record: Any
    stage: str = ""
    rule: str = ""


@dataclass(slots=True)
class SetContent:
    """A set: instruments, days, and records by data set and schema. `unresolved` symbols are asked for in addition."""

    instruments: tuple[Instrument, ...]
    days: tuple[dt.date, ...]
    records: dict[tuple[str, str], list[Any]] = field(default_factory=dict)
    cases: list[Case] = field(default_factory=list)
    unresolved: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def add(self, dataset: str, schema: str, records: Iterable[Any]) -> None:
        """Add records. They are brought into the order of the service when the set is written."""
        self.records.setdefault((dataset, schema), []).extend(records)

    def plant(self, case: Case) -> None:
        """Add the record of a case."""
        self.add(case.dataset, case.schema, [case.record])
        self.cases.append(case)


def content_of(
    instruments: tuple[Instrument, ...], days: tuple[dt.date, ...], trades: dict[str, list[Trade]]
) -> SetContent:
    """Return a set in which all schemas follow from the same trades, given by symbol in the order of receipt."""
    content = SetContent(instruments, days)
    for instrument in instruments:
        own = trades[instrument.symbol]
        content.add(instrument.dataset, "trades", [trade.trade() for trade in own])
        content.add(instrument.dataset, "tbbo", [trade.quote() for trade in own])
        for schema in ("ohlcv-1m", "ohlcv-1d"):
            content.add(instrument.dataset, schema, bars_of(schema, own))
        for day in days:
            of_day = [trade for trade in own if trade.instrument_id == instrument.on(day).instrument_id]
            content.add(instrument.dataset, "definition", definitions_of(instrument, day))
            content.add(instrument.dataset, "statistics", statistics_of(instrument, day, _on(day, of_day)))
    return content


def _on(day: dt.date, trades: list[Trade]) -> list[Trade]:
    return [trade for trade in trades if day_of(trade.ts_recv) == day]
