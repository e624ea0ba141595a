"""Files as the service writes them, made by its encoder: versions 1 to 3 of DBN, and what differs between data sets."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import databento_dbn as dbn
import zstandard
from databento_dbn import Action, RType, Schema, Side, SType

DAY = dt.date(2024, 1, 15)
T0 = 1705276800 * 10**9
SECOND, MINUTE, HOUR = 10**9, 60 * 10**9, 3600 * 10**9
OPEN = T0 + 14 * HOUR
PRICE = 10**9


class Interval(NamedTuple):
    start_date: dt.date
    end_date: dt.date
    symbol: str


class Mapping(NamedTuple):
    raw_symbol: str
    intervals: list[Interval]


def write(path: Path, dataset: str, schema: str, records: Iterable[Any], ids: dict[str, int], **other: Any) -> Path:
    """Write a file of one day. `ids` are the instruments by symbol; `other` are further values of the metadata."""
    whole = Interval(DAY, DAY + dt.timedelta(days=1), "")
    values: dict[str, Any] = {
        "start": T0, "end": T0 + 24 * HOUR, "stype_in": SType.RAW_SYMBOL, "stype_out": SType.INSTRUMENT_ID,
        "symbols": list(ids), "partial": [], "not_found": [], "version": 3, "limit": None,
        "mappings": [Mapping(name, [whole._replace(symbol=str(number))]) for name, number in ids.items()],
    }  # fmt: skip
    metadata = dbn.Metadata(dataset=dataset, schema=Schema.from_str(schema), **(values | other))
    content = metadata.encode() + b"".join(map(bytes, records))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(zstandard.compress(content) if path.suffix == ".zst" else content)
    return path


def trade(number: int, at: int, instrument: int, publisher: int = 1, **values: Any) -> dict[str, Any]:
    """Return the values of a trade that is received at a time, by default of its own size and price."""
    return {
        "publisher_id": publisher, "instrument_id": instrument, "ts_event": at - 1_003, "ts_recv": at,
        "price": 100 * PRICE + number % 7 * 250_000_001, "size": 1 + number % 5, "action": Action.TRADE,
        "side": Side.NONE, "depth": 0, "flags": 130, "ts_in_delta": 99, "sequence": 1000 + number, **values,
    }  # fmt: skip


def quote(values: dict[str, Any], bid: int | None, ask: int | None) -> Any:
    """Return a trade with the book before it, of which a side may be empty."""
    book = dbn.BidAskPair(
        bid_px=dbn.UNDEF_PRICE if bid is None else bid, ask_px=dbn.UNDEF_PRICE if ask is None else ask,
        bid_sz=0 if bid is None else 5, ask_sz=0 if ask is None else 6, bid_ct=0, ask_ct=0,
    )  # fmt: skip
    return dbn.MBP1Msg(**values, levels=book)


def bars(trades: Iterable[dict[str, Any]], step: int, kind: RType) -> list[Any]:
    """Return the bars of trades that are in the order of their receipt: one for each publisher, instrument and step."""
    found: dict[tuple[int, ...], list[dict[str, Any]]] = {}
    for one in trades:
        found.setdefault((one["ts_recv"] // step * step, one["publisher_id"], one["instrument_id"]), []).append(one)
    return [
        dbn.OHLCVMsg(
            rtype=int(kind), publisher_id=publisher, instrument_id=instrument, ts_event=begin, open=same[0]["price"],
            high=max(one["price"] for one in same), low=min(one["price"] for one in same), close=same[-1]["price"],
            volume=sum(one["size"] for one in same),
        )
        for (begin, publisher, instrument), same in sorted(found.items())
    ]  # fmt: skip


def equities(folder: Path) -> None:
    """120 trades of a share in four minutes, two of them twins, with their bars and quotes: version 3."""
    ids, times = {"MSFT": 7021}, [OPEN + number * 2 * SECOND + 77_001 for number in range(120)]
    found = [trade(number, at, 7021, 2) for number, at in enumerate(times)]
    found[9] = dict(found[8])
    name = "XNAS.ITCH"
    write(folder / name / "data.trades.dbn.zst", name, "trades", [dbn.TradeMsg(**one) for one in found], ids)
    write(folder / name / "data.tbbo.dbn", name, "tbbo", [quote(one, 99 * PRICE, 102 * PRICE) for one in found], ids)
    write(folder / name / "data.ohlcv-1m.dbn.zst", name, "ohlcv-1m", bars(found, MINUTE, RType.OHLCV_1M), ids)
    write(folder / name / "data.ohlcv-1d.dbn.zst", name, "ohlcv-1d", bars(found, 24 * HOUR, RType.OHLCV_1D), ids)


def energy(folder: Path) -> None:
    """Futures without a book, event times that fall, a price below zero, statistics without sequences: version 2."""
    name, ids = "IFEU.IMPACT", {"BRN FMH0024!": 5, "BRN FMH0024-BRN FMJ0024": 6}
    found = [trade(number, OPEN + number * MINUTE, 5 + number % 2, 57) for number in range(8)]
    found[2]["ts_event"] -= HOUR
    found[3]["price"] = -40_320_000_000
    common = {"publisher_id": 57, "instrument_id": 5, "ts_event": OPEN, "ts_recv": OPEN + 5, "ts_in_delta": 0}
    kinds = (dbn.StatType.OPENING_PRICE, dbn.StatType.SETTLEMENT_PRICE)
    settled = [
        dbn.StatMsgV1(**common, ts_ref=dbn.UNDEF_TIMESTAMP, price=-7 * PRICE, quantity=0, stat_type=kind, sequence=0)
        for kind in kinds
    ]
    options = {"version": 2}
    write(folder / name / "data.trades.dbn", name, "trades", [dbn.TradeMsg(**one) for one in found], ids, **options)
    write(folder / name / "data.tbbo.dbn.zst", name, "tbbo", [quote(one, None, None) for one in found], ids, **options)
    write(folder / name / "data.statistics.dbn", name, "statistics", settled, ids, **options)


def options(folder: Path) -> None:
    """Options of a parent symbol, whose mappings name the children; a bar for each publisher: version 3."""
    name, ids = "OPRA.PILLAR", {"AAPL  240119C00190000": 11, "AAPL  240119P00190000": 12}
    found = [trade(number, OPEN + number * 20 * SECOND, 11 + number % 2, 20 + number % 3) for number in range(20)]
    asked = {"stype_in": SType.PARENT, "symbols": ["AAPL.OPT"]}
    write(folder / name / "data.trades.dbn.zst", name, "trades", [dbn.TradeMsg(**one) for one in found], ids, **asked)
    write(folder / name / "data.ohlcv-1m.dbn", name, "ohlcv-1m", bars(found, MINUTE, RType.OHLCV_1M), ids, **asked)


def futures(folder: Path) -> None:
    """Trades that a limit cut, with the bars of the whole day, by a continuous symbol: version 1."""
    name, ids = "GLBX.MDP3", {"ES.c.0": 17077}
    found = [trade(number, OPEN + number * 11 * SECOND + 13, 17077) for number in range(60)]
    cut = [dbn.TradeMsg(**one) for one in found[:20]]
    asked = {"version": 1, "stype_in": SType.CONTINUOUS}
    write(folder / name / "data.trades.dbn", name, "trades", cut, ids, limit=20, **asked)
    write(folder / name / "data.ohlcv-1m.dbn.zst", name, "ohlcv-1m", bars(found, MINUTE, RType.OHLCV_1M), ids, **asked)
    write(
        folder / name / "data.ohlcv-1d.dbn.zst", name, "ohlcv-1d", bars(found, 24 * HOUR, RType.OHLCV_1D), ids, **asked
    )


def unnamed(folder: Path) -> None:
    """Trades of two hours without any symbol, and a file of the other direction, from ids to symbols: version 3."""
    name = "EQUS.MINI"
    first = [dbn.TradeMsg(**trade(number, OPEN + number * SECOND, 31, 95)) for number in range(4)]
    write(folder / name / "a.trades.dbn", name, "trades", first, {}, end=None, start=0)
    second = [dbn.TradeMsg(**trade(number, OPEN + number * SECOND, 32, 95)) for number in range(3)]
    turned = {"stype_in": SType.INSTRUMENT_ID, "stype_out": SType.RAW_SYMBOL, "symbols": ["32"], "mappings": [
        Mapping("32", [Interval(DAY, DAY + dt.timedelta(days=1), "NVDA")])
    ]}  # fmt: skip
    write(folder / name / "b.trades.dbn", name, "trades", second, {}, **turned)


def all_data_sets(folder: Path) -> None:
    """Write all of these files, in a folder for each data set."""
    for make in (equities, energy, options, futures, unnamed):
        make(folder)
