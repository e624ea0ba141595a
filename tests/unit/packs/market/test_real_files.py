"""Files that the service wrote in other ways than the generator does: what is asked for, and what is served."""

from __future__ import annotations

import shutil
from pathlib import Path

import databento_dbn as dbn
import pytest
import yaml

from packs.market.source import client_files, problems
from packs.market.source.asking import Asked, longest_cover
from packs.market.source.catalogue import Catalogue, Query
from packs.market.source.dbn_file import read_dbn

from ....packs import market_data as made
from ....packs.market_data import HOUR, OPEN, SECOND, T0

WRITTEN_BY_THE_SERVICE = Path(made.__file__).parent / "market_files"
DAY_NS = 24 * HOUR
SHARED = "equal record(s) of GLBX.MDP3 trades: leave one of them out, or fetch ranges that do not overlap."


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sets")
    made.all_data_sets(folder)
    return folder


def files(folder: Path) -> dict[str, Path]:
    return {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*.dbn*"))}


def asked(path: Path) -> Asked:
    return Asked(read_dbn(path))


def trades(path: Path, count: int, ids: dict[str, int] | None = None, first: int = 0, **other) -> Path:
    records = [dbn.TradeMsg(**made.trade(first + n, OPEN + (first + n) * SECOND, 1)) for n in range(count)]
    return made.write(path, "GLBX.MDP3", "trades", records, {"ESH4": 1} if ids is None else ids, **other)


@pytest.mark.parametrize("chosen", ["made", "of the service"])
def test_every_record_is_served_once_to_the_job_that_asks_for_the_files(folder, chosen):
    found = files(folder if chosen == "made" else WRITTEN_BY_THE_SERVICE)
    assert list(problems(found)) == []
    catalogue, served = Catalogue(found), []
    for request in yaml.safe_load(client_files(found)["job.yaml"])["jobs"]["fixture_set"]["requests"]:
        start = (request["start_date"].toordinal() - 719163) * DAY_NS
        end = (request["end_date"].toordinal() - 719162) * DAY_NS
        for schema in request["schemas"]:
            query = Query(request["dataset"], schema, request["symbol_type"], tuple(request["symbols"]), start, end)
            selection = catalogue.select(query)
            assert (selection.metadata.not_found, selection.metadata.partial) == ([], [])
            served += [(file.name, index) for file, index in selection.records]
    assert sorted(served) == sorted(
        (name, index) for name, path in found.items() for index in range(len(read_dbn(path, name).times))
    )


@pytest.mark.parametrize(
    ("name", "symbols", "symbol_type"),
    [
        ("OPRA.PILLAR/data.trades.dbn.zst", ("AAPL  240119C00190000", "AAPL  240119P00190000"), "raw_symbol"),
        ("GLBX.MDP3/data.trades.dbn", ("ES.c.0",), "continuous"),
        ("EQUS.MINI/a.trades.dbn", ("31",), "instrument_id"),
        ("EQUS.MINI/b.trades.dbn", ("NVDA",), "raw_symbol"),
    ],
)
def test_what_a_file_was_asked_for(folder, name, symbols, symbol_type):
    found = asked(folder / name)
    assert (found.symbols, found.symbol_type) == (symbols, symbol_type)


def test_a_file_of_all_symbols_is_asked_for_by_those_that_it_maps(tmp_path):
    path = trades(tmp_path / "a.dbn", 1, {"ESH4": 1, "ESM4": 2}, symbols=["ALL_SYMBOLS"])
    assert asked(path).symbols == ("ESH4", "ESM4")


@pytest.mark.parametrize(
    ("values", "days"),
    [
        ({}, 1),
        ({"start": T0 - 3 * DAY_NS}, 4),
        # A long range with few records, and a range that is not stated: the days of the records.
        ({"start": T0 - 90 * DAY_NS, "end": T0 + 90 * DAY_NS}, 1),
        ({"start": 2814749767106560, "end": None}, 1),
        # The last record was received right after midnight.
        ({"start": T0 - DAY_NS, "end": T0}, 2),
    ],
)
def test_the_days_of_a_file(tmp_path, values, days):
    found = asked(trades(tmp_path / "a.dbn", 2, **values)).days
    assert len(found) == days and T0 // DAY_NS in found


def test_the_days_of_an_empty_file(tmp_path):
    assert len(asked(trades(tmp_path / "a.dbn", 0)).days) == 1
    assert len(asked(trades(tmp_path / "b.dbn", 0, end=None)).days) == 1


@pytest.mark.parametrize(
    ("values", "covered"),
    [
        ({}, (T0, T0 + DAY_NS)),
        ({"limit": 5}, (T0, T0 + DAY_NS)),
        ({"limit": 4}, (T0, OPEN + 3 * SECOND)),
        ({"end": None}, (T0, OPEN + 3 * SECOND)),
        ({"start": 7, "end": None}, (OPEN, OPEN + 3 * SECOND)),
    ],
)
def test_the_time_of_which_a_file_has_all_records(tmp_path, values, covered):
    assert asked(trades(tmp_path / "a.dbn", 4, **values)).covered == covered


def test_the_cover_of_several_files_has_no_gap(tmp_path):
    hours = [(0, 2), (2, 5), (7, 9)]
    found = [
        asked(trades(tmp_path / f"{first}.dbn", 0, start=T0 + first * HOUR, end=T0 + end * HOUR))
        for first, end in hours
    ]
    assert longest_cover(found, T0 + HOUR, T0 + DAY_NS) == (T0 + HOUR, T0 + 5 * HOUR)
    assert longest_cover([], T0, T0 + HOUR) == (T0, T0)


def test_a_record_without_a_symbol_is_served_with_its_own_file_only(tmp_path):
    strange = dbn.TradeMsg(**made.trade(1, OPEN, 99))
    made.write(tmp_path / "a.dbn", "GLBX.MDP3", "trades", [strange], {"ESH4": 1})
    trades(tmp_path / "b.dbn", 2, {"CLH4": 1}, first=5)
    catalogue = Catalogue(files(tmp_path))
    served = {
        symbol: [file.name for file, _ in catalogue.select(query).records]
        for symbol in ("ESH4", "CLH4")
        for query in [Query("GLBX.MDP3", "trades", "raw_symbol", (symbol,), T0, T0 + DAY_NS)]
    }
    assert served == {"ESH4": ["a.dbn"], "CLH4": ["b.dbn", "b.dbn"]}


def test_an_answer_states_the_time_that_the_files_cover(folder):
    query = Query("GLBX.MDP3", "trades", "continuous", ("ES.c.0",), T0, T0 + DAY_NS)
    metadata = Catalogue(files(folder)).select(query).metadata
    assert (metadata.start, metadata.end) == (T0, OPEN + 19 * 11 * SECOND + 13)


def test_the_same_records_in_two_files_are_refused(tmp_path):
    trades(tmp_path / "a.dbn", 4)
    shutil.copy(tmp_path / "a.dbn", tmp_path / "b.dbn")
    trades(tmp_path / "c.dbn", 3, first=3)
    assert list(problems(files(tmp_path))) == [
        f"a.dbn and b.dbn both hold 4 {SHARED}",
        f"a.dbn and c.dbn both hold 1 {SHARED}",
        f"b.dbn and c.dbn both hold 1 {SHARED}",
    ]


def test_a_schema_is_asked_for_once_on_each_day(tmp_path):
    trades(tmp_path / "a.dbn", 2)
    trades(tmp_path / "b.dbn", 2, first=9, start=T0 - DAY_NS)
    [request] = yaml.safe_load(client_files(files(tmp_path))["job.yaml"])["jobs"]["fixture_set"]["requests"]
    assert (str(request["start_date"]), str(request["end_date"])) == ("2024-01-14", "2024-01-15")


def test_versions_with_other_layouts_cannot_be_one_answer(tmp_path):
    common = {"publisher_id": 1, "instrument_id": 1, "ts_event": OPEN, "ts_recv": OPEN, "ts_in_delta": 0}
    common |= {"ts_ref": OPEN, "price": 1, "quantity": 0, "stat_type": dbn.StatType.OPENING_PRICE}
    old, new = dbn.StatMsgV1(**common, sequence=1), dbn.StatMsg(**common, sequence=2)
    made.write(tmp_path / "a.dbn", "GLBX.MDP3", "statistics", [old], {"ESH4": 1}, version=1)
    made.write(tmp_path / "b.dbn", "GLBX.MDP3", "statistics", [new], {"ESH4": 1})
    assert list(problems(files(tmp_path))) == [
        "a.dbn and b.dbn are DBN of versions 1 and 3 on the same day: leave one out."
    ]
