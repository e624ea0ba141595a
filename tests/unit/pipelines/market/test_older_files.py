"""Files of DBN versions 1 and 2, as the service wrote them earlier: served as they are, and stored value by value."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import databento_dbn as dbn
import pytest

from packs.market.source.asking import MappingInterval, SymbolMapping
from packs.market.source.jobs import job_text

from .gateway import Gateway
from .stored import differences, ids_differ
from .surroundings import Market, variables

T0 = 1705276800 * 10**9
_HEAD = {"publisher_id": 1, "instrument_id": 17077, "ts_event": T0 + 77_001}
_TIMES = _HEAD | {"ts_recv": T0 + 99_003}
# In these versions a quantity has 32 bits.
_NO_QUANTITY = 2**31 - 1
# Of the fields of a definition, what a text, a letter and an enumeration is; every other one is a number.
_TEXTS = {
    "currency": "USD", "settl_currency": "USD", "secsubtype": "", "raw_symbol": "ESH4", "group": "ES",
    "exchange": "XCME", "asset": "ES", "cfi": "FFIXSX", "security_type": "FUT", "unit_of_measure": "IPNT",
    "underlying": "", "strike_price_currency": "",
}  # fmt: skip
_LETTERS = {
    "instrument_class": dbn.InstrumentClass.FUTURE, "match_algorithm": dbn.MatchAlgorithm.FIFO,
    "security_update_action": dbn.SecurityUpdateAction.ADD, "user_defined_instrument": dbn.UserDefinedInstrument.NO,
}  # fmt: skip
_NUMBERS = {
    "expiration": T0 + 10**16, "activation": dbn.UNDEF_TIMESTAMP, "high_limit_price": 5100 * 10**9,
    "low_limit_price": dbn.UNDEF_PRICE, "min_price_increment": 250_000_000, "display_factor": 10**7,
    "strike_price": dbn.UNDEF_PRICE, "unit_of_measure_qty": 50 * 10**9, "contract_multiplier": 2**31 - 1,
    "maturity_year": 2024, "maturity_month": 3, "underlying_id": 0,
}  # fmt: skip


def definition(version: int):
    kind = {1: dbn.InstrumentDefMsgV1, 2: dbn.InstrumentDefMsgV2}[version]
    fields = [name for name, _ in kind._dtypes if not name.startswith("_") and name not in ("length", "rtype")]
    known = _TIMES | _TEXTS | _LETTERS | _NUMBERS
    return kind(**{name: known.get(name, 1) for name in fields})


def records(version: int) -> dict[str, list]:
    trade = _TIMES | {
        "price": 4800 * 10**9 + 1, "size": 3, "action": dbn.Action.TRADE, "side": dbn.Side.NONE, "depth": 0, "flags": 0,
        "ts_in_delta": -5, "sequence": 7,
    }  # fmt: skip
    prices = {"open": 4800 * 10**9, "high": 4800 * 10**9 + 5, "low": 4799 * 10**9, "close": 4800 * 10**9 + 1}
    values = [
        (dbn.StatType.OPEN_INTEREST, T0, dbn.UNDEF_PRICE, 2_000_000),
        (dbn.StatType.OPENING_PRICE, dbn.UNDEF_TIMESTAMP, 1, _NO_QUANTITY),
        (dbn.StatType.CLEARED_VOLUME, T0, dbn.UNDEF_PRICE, _NO_QUANTITY),
    ]
    statistics = [
        dbn.StatMsgV1(**_TIMES, ts_ref=reference, price=price, quantity=quantity, stat_type=kind)
        for kind, reference, price, quantity in values
    ]
    return {
        "trades": [dbn.TradeMsg(**trade), dbn.TradeMsg(**trade)],
        "ohlcv-1m": [dbn.OHLCVMsg(rtype=int(dbn.RType.OHLCV_1M), **(_HEAD | {"ts_event": T0}), **prices, volume=9)],
        "statistics": statistics,
        "definition": [definition(version)],
    }


def write(folder, version: int, schema: str, found: list) -> None:
    mapping = SymbolMapping("ESH4", [MappingInterval(dt.date(2024, 1, 15), dt.date(2024, 1, 16), "17077")])
    metadata = dbn.Metadata(
        dataset="GLBX.MDP3", start=T0, end=T0 + 3600 * 10**9, schema=dbn.Schema.from_str(schema),
        stype_in=dbn.SType.RAW_SYMBOL, stype_out=dbn.SType.INSTRUMENT_ID, symbols=["ESH4"], partial=[], not_found=[],
        mappings=[mapping], version=version,
    )  # fmt: skip
    # Not compressed: the service's own files may be either.
    (folder / f"{schema}.dbn.zst").write_bytes(metadata.encode() + b"".join(map(bytes, found)))


@pytest.mark.parametrize("version", [1, 2])
def test_every_value_of_an_older_file_is_stored(cluster, made, tmp_path, monkeypatch, version):
    folder = tmp_path / "files"
    folder.mkdir()
    for schema, found in records(version).items():
        write(folder, version, schema, found)
    (folder / "job.yaml").write_text(job_text({path.name: path for path in folder.glob("*.dbn.zst")}))
    gateway = Gateway(folder, tmp_path)
    gateway.start()
    try:
        database = made("golden").database
        for name, value in variables(gateway, cluster, database).items():
            monkeypatch.setenv(name, value)
        market = Market(gateway, cluster, database, tmp_path, folder)
        totals = market.run_set()
    finally:
        gateway.stop()
    assert (totals["served"], totals["stored"]) == (7, 6)
    assert differences(market, folder) == {}
    assert ids_differ(market, folder) == ([], [])
    assert market.rows("SELECT quantity, price FROM statistics_data ORDER BY stat_type") == [
        (None, Decimal("0.000000001")),
        (2_000_000, None),
    ]
    assert market.rows("SELECT rule FROM quarantined_records") == [("missing_value",)]
    assert market.rows("SELECT raw_symbol, contract_multiplier, strike_price FROM definitions_data") == [
        ("ESH4", None, None)
    ]
