"""The records of the API as pydantic models, one a schema. Values are as the API has them.

Prices are fixed-point integers of 1e-9, times nanoseconds since 1970 UTC. Both may be the sentinel of "not set".
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

UNDEF_PRICE = 2**63 - 1
UNDEF_TIME = 2**64 - 1
UNDEF_SIZE = 2**32 - 1

UInt8 = Annotated[int, Field(ge=0, lt=2**8)]
UInt16 = Annotated[int, Field(ge=0, lt=2**16)]
UInt32 = Annotated[int, Field(ge=0, lt=2**32)]
UInt64 = Annotated[int, Field(ge=0, lt=2**64)]
Int32 = Annotated[int, Field(ge=-(2**31), lt=2**31)]
# The bound is one that fits itself: pydantic compares with a larger one several times slower.
Int64 = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]


class Record(BaseModel):
    """What every record has."""

    model_config = ConfigDict(strict=True, extra="forbid")

    publisher_id: UInt16
    instrument_id: UInt32
    ts_event: UInt64


class Bar(Record):
    """A bar (ohlcv-1d, ohlcv-1m). `ts_event` is the beginning of its interval."""

    open: Int64
    high: Int64
    low: Int64
    close: Int64
    volume: Annotated[int, Field(ge=0, le=2**63 - 1)]


class Trade(Record):
    """A trade. `side` is that of the aggressor: A sell, B buy, N not known."""

    ts_recv: UInt64
    ts_in_delta: Int32
    sequence: UInt32
    price: Int64
    size: UInt32
    action: Literal["T"]
    side: Literal["A", "B", "N"]
    depth: UInt8
    flags: UInt8


class Quote(Trade):
    """A trade with the best bid and offer before it (tbbo)."""

    bid_px: Int64
    ask_px: Int64
    bid_sz: UInt32
    ask_sz: UInt32
    bid_ct: UInt32
    ask_ct: UInt32


class Statistic(Record):
    """A statistic of a venue. `stat_type` says what it is, and whether price or quantity is set."""

    ts_recv: UInt64
    ts_ref: UInt64
    ts_in_delta: Int32
    sequence: UInt32
    price: Int64
    quantity: Int64
    stat_type: UInt16
    channel_id: UInt16
    update_action: UInt8
    stat_flags: UInt8


class Definition(Record):
    """The definition of an instrument, or an update of it."""

    ts_recv: UInt64
    raw_symbol: Annotated[str, Field(min_length=1)]
    instrument_class: Annotated[str, Field(min_length=1, max_length=1)]
    security_type: str
    security_update_action: Annotated[str, Field(min_length=1, max_length=1)]
    asset: str
    exchange: str
    currency: str
    underlying: str
    underlying_id: UInt32
    activation: UInt64
    expiration: UInt64
    min_price_increment: Int64
    display_factor: Int64
    high_limit_price: Int64
    low_limit_price: Int64
    strike_price: Int64
    unit_of_measure: str
    unit_of_measure_qty: Int64
    contract_multiplier: Int32
    maturity_year: UInt16
    maturity_month: UInt8
    leg_count: UInt16
    leg_index: UInt16


MODELS: dict[str, type[Record]] = {
    "definition": Definition,
    "ohlcv-1d": Bar,
    "ohlcv-1m": Bar,
    "statistics": Statistic,
    "tbbo": Quote,
    "trades": Trade,
}
