"""The instruments of the sets: two futures, one of which rolls at midnight UTC, an equity, and an option on it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from databento_dbn import InstrumentClass

DAYS = (dt.date(2024, 1, 15), dt.date(2024, 1, 16))
SECOND = 10**9
DAY_NS = 86_400 * SECOND
UNIT = 10**9  # of fixed-point prices
_EPOCH = dt.date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Contract:
    """What a symbol is from a day on: the id and the venue's own name."""

    first: dt.date
    instrument_id: int
    raw_symbol: str
    expiration: int


@dataclass(frozen=True, slots=True)
class Instrument:
    """A symbol to ask for. Prices are fixed-point integers. `hours` are the first and the last of its session, UTC.

    An option trades at several venues, so it has several publishers.
    """

    symbol: str
    dataset: str
    stype_in: str
    publishers: tuple[int, ...]
    contracts: tuple[Contract, ...]
    instrument_class: InstrumentClass
    tick: int
    price: int
    hours: tuple[int, int]
    definition: dict[str, Any] = field(default_factory=dict)

    def on(self, day: dt.date) -> Contract:
        """Return the contract of a day."""
        return [contract for contract in self.contracts if contract.first <= day][-1]


def midnight(day: dt.date) -> int:
    """Return the beginning of a UTC day in nanoseconds since 1970."""
    return (day - _EPOCH).days * DAY_NS


def day_of(time_ns: int) -> dt.date:
    """Return the UTC day of a time in nanoseconds since 1970."""
    return _EPOCH + dt.timedelta(days=time_ns // DAY_NS)


ES = Instrument(
    "ES.c.0", "GLBX.MDP3", "continuous", (1,),
    (
        Contract(DAYS[0], 17077, "ESH4", midnight(dt.date(2024, 3, 15)) + 52_200 * SECOND),
        Contract(DAYS[1], 5602, "ESM4", midnight(dt.date(2024, 6, 21)) + 48_600 * SECOND),
    ),
    InstrumentClass.FUTURE, UNIT // 4, 4800 * UNIT, (0, 23),
    {"asset": "ES", "security_type": "FUT", "exchange": "XCME", "currency": "USD", "unit_of_measure": "IPNT",
     "unit_of_measure_qty": 50 * UNIT, "display_factor": UNIT // 100, "maturity_year": 2024, "maturity_month": 3,
     "high_limit_price": 5100 * UNIT, "low_limit_price": 4400 * UNIT, "activation": midnight(dt.date(2022, 12, 16))},
)  # fmt: skip
CL = Instrument(
    "CL.c.0", "GLBX.MDP3", "continuous", (1,),
    (Contract(DAYS[0], 254650, "CLG4", midnight(dt.date(2024, 1, 22)) + 70_200 * SECOND),),
    InstrumentClass.FUTURE, UNIT // 100, 72 * UNIT + 68 * UNIT // 100, (0, 23),
    {"asset": "CL", "security_type": "FUT", "exchange": "XNYM", "currency": "USD", "unit_of_measure": "BBL",
     "unit_of_measure_qty": 1000 * UNIT, "display_factor": UNIT // 100, "maturity_year": 2024, "maturity_month": 2},
)  # fmt: skip
AAPL = Instrument(
    "AAPL", "XNAS.ITCH", "raw_symbol", (2,), (Contract(DAYS[0], 38, "AAPL", 0),),
    InstrumentClass.STOCK, UNIT // 100, 183 * UNIT, (14, 20),
    {"asset": "", "security_type": "CS", "exchange": "XNAS", "currency": "USD", "display_factor": UNIT},
)  # fmt: skip
OPTION = Instrument(
    "AAPL  240119C00190000", "OPRA.PILLAR", "raw_symbol", (22, 30),
    (Contract(DAYS[0], 1207964938, "AAPL  240119C00190000", midnight(dt.date(2024, 1, 19))),),
    InstrumentClass.CALL, UNIT // 100, 92 * UNIT // 100, (14, 20),
    {"asset": "AAPL", "security_type": "OPT", "exchange": "OPRA", "currency": "USD", "display_factor": UNIT,
     "strike_price": 190 * UNIT, "underlying": "AAPL", "underlying_id": 38, "contract_multiplier": 100},
)  # fmt: skip
INSTRUMENTS = (ES, CL, AAPL, OPTION)
