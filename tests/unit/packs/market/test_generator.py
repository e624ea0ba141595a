from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from itertools import pairwise

import pytest
import yaml

from packs.market.generator import DEFAULT_SEED, generate, generate_sized
from packs.market.oracle import decode, read
from packs.market.source import client_files, read_records


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sets")
    for kind in ("golden", "hostile"):
        generate(kind, folder / kind)
    return folder


def decoded(folder, dataset: str, schema: str) -> list[dict]:
    content = read(folder / f"{dataset}.{schema}.dbn.zst")
    return [record for record in (decode(content, data) for data in content.records) if record]


DATASETS = ("GLBX.MDP3", "XNAS.ITCH", "OPRA.PILLAR")


@pytest.mark.parametrize("kind", ["golden", "hostile"])
def test_the_same_seed_gives_the_same_bytes_and_another_one_others(sets, tmp_path, kind):
    generate(kind, tmp_path / "again", DEFAULT_SEED)
    generate(kind, tmp_path / "other", DEFAULT_SEED + 1)
    names = sorted(path.name for path in (sets / kind).iterdir())

    def digests(folder):
        return [hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names]

    assert digests(tmp_path / "again") == digests(sets / kind)
    assert digests(tmp_path / "other") != digests(sets / kind)


@pytest.mark.parametrize("kind", ["golden", "hostile"])
def test_the_manifest_is_true(sets, kind):
    folder = sets / kind
    manifest = json.loads((folder / "manifest.json").read_text())
    entries = manifest["scenarios"]["served"]["sessions"]
    assert {entry["file"] for entry in entries} == {path.name for path in folder.glob("*.dbn.zst")}
    for entry in entries:
        assert entry["sha256"] == hashlib.sha256((folder / entry["file"]).read_bytes()).hexdigest()
        records = list(read_records(folder / entry["file"]))
        assert entry["events"] == len(records) == entry["table_counts"]["records"]
        assert all(record.value and record.family == entry["download"].partition("|")[2] for record in records)
    named = {"manifest.json", *manifest["files"], *(entry["file"] for entry in entries)}
    assert named == {path.name for path in folder.iterdir()}
    assert manifest["events"] == sum(entry["events"] for entry in entries)
    refused = Counter(
        record.family
        for entry in entries
        for record in read_records(folder / entry["file"])
        if record.expect == "quarantine"
    )
    assert manifest["expected"]["quarantine"] == dict(refused)
    assert sum(refused.values()) == (12 if kind == "hostile" else 0)


def test_the_job_asks_for_every_file(sets):
    files = {path.name: path for path in (sets / "golden").glob("*.dbn.zst")}
    assert client_files(files) == {"job.yaml": (sets / "golden" / "job.yaml").read_text()}
    requests = yaml.safe_load((sets / "golden" / "job.yaml").read_text())["jobs"]["fixture_set"]["requests"]
    asked = {f"{request['dataset']}.{schema}.dbn.zst" for request in requests for schema in request["schemas"]}
    assert asked == {path.name for path in (sets / "golden").glob("*.dbn.zst")}
    assert {symbol for request in requests for symbol in request["symbols"]} == {
        "ES.c.0", "CL.c.0", "AAPL", "AAPL  240119C00190000",
    }  # fmt: skip


@pytest.mark.parametrize("dataset", DATASETS)
def test_quotes_are_the_trades_with_a_book(sets, dataset):
    trades, quotes = (decoded(sets / "golden", dataset, schema) for schema in ("trades", "tbbo"))
    names = trades[0].keys() - {"length", "rtype"}
    assert [{name: quote[name] for name in names} for quote in quotes] == [
        {name: trade[name] for name in names} for trade in trades
    ]
    assert all(quote["bid_px_00"] < quote["ask_px_00"] for quote in quotes)


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize(("schema", "seconds"), [("ohlcv-1m", 60), ("ohlcv-1d", 86_400)])
def test_bars_are_those_of_the_trades_by_receipt(sets, dataset, schema, seconds):
    grouped = defaultdict(list)
    for trade in decoded(sets / "golden", dataset, "trades"):
        start = trade["ts_recv"] // (seconds * 10**9) * seconds * 10**9
        grouped[trade["publisher_id"], trade["instrument_id"], start].append(trade)
    bars = {
        (bar["publisher_id"], bar["instrument_id"], bar["ts_event"]): (
            bar["open"], bar["high"], bar["low"], bar["close"], bar["volume"],
        )
        for bar in decoded(sets / "golden", dataset, schema)
    }  # fmt: skip
    assert bars == {
        key: (
            trades[0]["price"], max(t["price"] for t in trades), min(t["price"] for t in trades), trades[-1]["price"],
            sum(t["size"] for t in trades),
        )
        for key, trades in grouped.items()
    }  # fmt: skip


def test_the_golden_set_has_what_real_data_has(sets):
    trades = decoded(sets / "golden", "GLBX.MDP3", "trades")
    received = [trade["ts_recv"] for trade in trades]
    assert received == sorted(received)
    events = [trade["ts_event"] for trade in trades]
    assert any(later < earlier for earlier, later in pairwise(events))
    keys = Counter(tuple(trade.values()) for trade in trades)
    assert max(keys.values()) > 1
    assert any(int(float(trade["price"])) != trade["price"] for trade in trades)
    assert {trade["side"] for trade in trades} == {"A", "B", "N"}
    assert {bar["publisher_id"] for bar in decoded(sets / "golden", "OPRA.PILLAR", "ohlcv-1d")} == {22, 30}
    content = read(sets / "golden" / "GLBX.MDP3.definition.dbn.zst")
    assert [(m.first.day, m.end.day) for i in (17077, 5602) for m in content.mapped[i]] == [(15, 16), (16, 17)]


def test_a_volume_set_has_the_number_of_trades(tmp_path):
    generate_sized("volume", 500, tmp_path)
    trades = decoded(tmp_path, "GLBX.MDP3", "trades")
    assert len(trades) == len(decoded(tmp_path, "GLBX.MDP3", "tbbo")) == 500
    assert sum(bar["volume"] for bar in decoded(tmp_path, "GLBX.MDP3", "ohlcv-1d")) == sum(t["size"] for t in trades)


def test_a_kind_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ValueError, match="golden, hostile"):
        generate("nope", tmp_path)
    with pytest.raises(ValueError, match="volume"):
        generate_sized("load", 5, tmp_path)
    with pytest.raises(ValueError, match="one trade"):
        generate_sized("volume", 0, tmp_path)


@pytest.mark.parametrize("kind", ["golden", "hostile"])
def test_the_shipped_set_is_the_one_that_the_generator_makes(sets, home, kind):
    shipped = home / "include" / "fixtures" / "market" / kind
    assert {path.name: path.read_bytes() for path in shipped.iterdir()} == {
        path.name: path.read_bytes() for path in (sets / kind).iterdir()
    }
