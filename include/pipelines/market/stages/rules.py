"""Transformation: a record of the API becomes a row of its table. Sentinels become NULL, an instrument gets its symbol.

Prices stay fixed-point integers here; the database divides them, exactly. So no price ever is a float.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter, itemgetter
from typing import Any

from pipelines.market.errors import PipelineError
from pipelines.market.stages.extraction import Refused
from pipelines.market.stages.records import MODELS, UNDEF_PRICE, UNDEF_TIME, Record

Row = dict[str, Any]
DAY_NS = 86_400 * 10**9
_UNDEF_INT32 = 2**31 - 1
_PRICES = {
    "open": "open_price",
    "high": "high_price",
    "low": "low_price",
    "close": "close_price",
    "bid_px": "bid_price",
    "ask_px": "ask_price",
}
_RENAMED = _PRICES | {
    "bid_sz": "bid_size",
    "ask_sz": "ask_size",
    "bid_ct": "bid_count",
    "ask_ct": "ask_count",
    "activation": "activation_ns",
    "expiration": "expiration_ns",
    "ts_event": "ts_event_ns",
    "ts_recv": "ts_recv_ns",
    "ts_ref": "ts_ref_ns",
}
# What is NULL where the API has its sentinel of "not set".
_SENTINELS = {
    **dict.fromkeys(
        [
            "open_price", "high_price", "low_price", "close_price", "price", "bid_price", "ask_price", "strike_price",
            "min_price_increment", "display_factor", "high_limit_price", "low_limit_price", "unit_of_measure_qty",
            "quantity",
        ],
        UNDEF_PRICE,
    ),
    **dict.fromkeys(["activation_ns", "expiration_ns", "ts_event_ns", "ts_recv_ns", "ts_ref_ns"], UNDEF_TIME),
    "contract_multiplier": _UNDEF_INT32,
    "maturity_year": 2**16 - 1,
    "maturity_month": 2**8 - 1,
}  # fmt: skip
_ORDINAL_KEYS = {
    "definition": ("publisher_id", "instrument_id", "ts_recv"),
    "statistics": ("publisher_id", "instrument_id", "ts_event", "stat_type", "sequence"),
    "tbbo": ("publisher_id", "instrument_id", "ts_event", "sequence"),
    "trades": ("publisher_id", "instrument_id", "ts_event", "sequence"),
}


@dataclass(frozen=True, slots=True)
class Interval:
    """Days [first, end) (ordinals of `datetime.date`) in which an instrument has a symbol."""

    first: int
    end: int
    symbol: str


class Symbols:
    """The symbols of the instruments by day, as a response maps them. Ids and symbols are reused: a day decides."""

    def __init__(self, intervals: Mapping[int, list[Interval]]) -> None:
        self._intervals = intervals
        self._found: dict[tuple[int, int], str | None] = {}

    def of(self, instrument_id: int, time_ns: int) -> str | None:
        """Return the symbol of an instrument on the UTC day of a time, None where there is none."""
        key = (instrument_id, time_ns // DAY_NS)
        if key not in self._found:
            day = key[1] + _EPOCH
            matching = [i.symbol for i in self._intervals.get(instrument_id, ()) if i.first <= day < i.end]
            self._found[key] = matching[0] if matching else None
        return self._found[key]


_EPOCH = dt.date(1970, 1, 1).toordinal()


class Ordinals:
    """Numbers the records that are equal in a key, from 0, in the order of the stream.

    Equal records share one time of receipt, and a stream is in the order of that time. So only the counts of the
    current time are kept. In another order the numbers would be wrong, so it is refused.
    """

    def __init__(self, schema: str) -> None:
        self._key = attrgetter(*_ORDINAL_KEYS[schema])
        self._time = 0
        self._counts: dict[Hashable, int] = {}

    def next(self, record: Record) -> int:
        """Return the number of a record among its equals. Raises PipelineError when its time of receipt falls."""
        time: int = getattr(record, "ts_recv")  # noqa: B009 - the base class has none: bars are not numbered
        if time != self._time:
            if time < self._time:
                raise PipelineError(
                    "The records are not in the order of their receipt.",
                    hint="The service sends them so: was the download sorted? Twins cannot be told apart otherwise.",
                )
            self._time = time
            self._counts.clear()
        key = self._key(record)
        ordinal = self._counts.get(key, 0)
        self._counts[key] = ordinal + 1
        return ordinal


class RuleEngine:
    """Makes the rows of one response."""

    def __init__(self, schema: str, dataset: str, symbols: Symbols) -> None:
        self._constants: Row = {"dataset": dataset, "data_source": "databento"}
        if schema.startswith("ohlcv-"):
            self._constants["granularity"] = schema.removeprefix("ohlcv-")
        self._symbols = symbols
        fields = list(MODELS[schema].model_fields)
        self._values = itemgetter(*fields)
        self._columns = [_RENAMED.get(name, name) for name in fields]
        self._sentinels = [(name, _SENTINELS[name]) for name in self._columns if name in _SENTINELS]
        self._time = "ts_event_ns" if "granularity" in self._constants else "ts_recv_ns"
        self._ordinals = Ordinals(schema) if schema in _ORDINAL_KEYS else None

    def transform(self, records: Iterable[tuple[int, Record] | Refused]) -> Iterator[tuple[int, Row] | Refused]:
        """Yield the row of each record. A record that was refused before is passed on."""
        for item in records:
            yield item if isinstance(item, Refused) else self._row(*item)

    def _row(self, position: int, record: Record) -> tuple[int, Row] | Refused:
        row: Row = dict(zip(self._columns, self._values(record.__dict__), strict=True))
        # Counted before anything is refused: what becomes of its equals changes no record's number.
        if self._ordinals:
            row["ordinal"] = self._ordinals.next(record)
        for name, sentinel in self._sentinels:
            if row[name] == sentinel:
                row[name] = None
        row.update(self._constants)
        # The day of receipt decides; a bar has no such time.
        time = row[self._time]
        if time is None:
            return Refused(position, "transformation", "missing_time", "no time that could place it", row)
        row["symbol"] = self._symbols.of(record.instrument_id, time)
        if row["symbol"] is None:
            reason = f"instrument {record.instrument_id} has no symbol on this day"
            return Refused(position, "transformation", "unknown_symbol", reason, row)
        return position, row
