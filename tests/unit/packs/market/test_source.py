"""The app, asked without a network."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest
import zstandard

from packs.market.generator import generate
from packs.market.source import make_app, read_records
from packs.market.source.catalogue import Catalogue, Query
from packs.market.source.dbn_file import read_dbn
from packs.market.source.times import iso, nanoseconds

KEY = "db-key"
DAY = {"start": "2024-01-15T00:00:00+00:00", "end": "2024-01-16T00:00:00+00:00"}
TRADES = {"dataset": "GLBX.MDP3", "schema": "trades", "stype_in": "continuous", "symbols": "ES.c.0,CL.c.0", **DAY}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("set")
    generate("golden", folder)
    return folder


@pytest.fixture(scope="module")
def app(folder):
    return make_app({f"served/{path.name}": path for path in folder.glob("*.dbn.zst")}, KEY)


def ask(app, method: str, name: str, fields: dict, key: str = KEY) -> httpx.Response:
    async def request() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="https://gateway", auth=(key, "")) as client:
            sent = {"data": fields} if method == "POST" else {"params": fields}
            return await client.request(method, f"/v0/{name}", **sent)

    return asyncio.run(request())


def records(response: httpx.Response) -> bytes:
    with zstandard.ZstdDecompressor().stream_reader(response.content, read_across_frames=True) as reader:
        content = reader.read()
    return content[8 + int.from_bytes(content[4:8], "little") :]


def test_a_range_holds_the_records_of_its_symbols_and_time_and_says_which(app, folder):
    response = ask(app, "POST", "timeseries.get_range", TRADES)
    file = read_dbn(folder / "GLBX.MDP3.trades.dbn.zst")
    [[name, first, end]] = json.loads(response.headers["x-served-records"])
    assert (response.status_code, name, first) == (200, "served/GLBX.MDP3.trades.dbn.zst", 0)
    assert records(response) == b"".join(file.record(index) for index in range(end))
    assert file.times[end - 1] < nanoseconds(DAY["end"]) <= file.times[end]
    count = ask(app, "POST", "metadata.get_record_count", TRADES)
    assert count.json() == end
    assert ask(app, "POST", "metadata.get_billable_size", TRADES).json() == end * 48
    assert ask(app, "POST", "metadata.get_cost", TRADES).json() > 0


def test_one_symbol_of_a_file_is_served_by_itself(app):
    both = ask(app, "POST", "metadata.get_record_count", TRADES).json()
    each = [ask(app, "POST", "metadata.get_record_count", TRADES | {"symbols": s}).json() for s in ("ES.c.0", "CL.c.0")]
    assert sum(each) == both and all(each)


def test_a_limit_is_kept(app):
    assert len(records(ask(app, "POST", "timeseries.get_range", TRADES | {"limit": "3"}))) == 3 * 48


def test_symbols_that_are_partly_resolved_give_206(app):
    response = ask(app, "POST", "timeseries.get_range", TRADES | {"symbols": "ES.c.0,NOSUCH.c.0"})
    assert response.status_code == 206


@pytest.mark.parametrize(
    ("fields", "status", "case"),
    [
        ({"symbols": "NOSUCH.c.0"}, 422, "symbology_invalid_request"),
        ({"dataset": "NOPE"}, 422, "data_dataset_not_available"),
        ({"schema": "mbo"}, 422, "data_schema_not_available"),
        ({"schema": "nope"}, 422, "data_invalid_request"),
        ({"start": "soon"}, 422, "data_invalid_request"),
        ({"end": DAY["start"]}, 422, "data_time_range_start_on_or_after_end"),
    ],
)
def test_what_cannot_be_answered_is_refused_as_the_service_does(app, fields, status, case):
    response = ask(app, "POST", "timeseries.get_range", TRADES | fields)
    assert (response.status_code, response.json()["detail"]["case"]) == (status, case)


@pytest.mark.parametrize("name", ["timeseries.get_range", "metadata.get_cost", "symbology.resolve"])
def test_a_wrong_key_gets_nothing(app, name):
    assert ask(app, "POST", name, TRADES, key="db-other").status_code == 401


def test_the_metadata_of_the_service(app):
    found = ask(app, "GET", "metadata.get_dataset_range", {"dataset": "GLBX.MDP3"}).json()
    assert found == {"start": "2024-01-15T00:00:00.000000000Z", "end": "2024-01-17T00:00:00.000000000Z"}
    assert ask(app, "GET", "metadata.list_datasets", {}).json() == ["GLBX.MDP3", "OPRA.PILLAR", "XNAS.ITCH"]
    assert "tbbo" in ask(app, "GET", "metadata.list_schemas", {"dataset": "XNAS.ITCH"}).json()
    asked = {"dataset": "GLBX.MDP3", "symbols": "ES.c.0,NO.c.0", "stype_in": "continuous", "stype_out": "instrument_id"}
    answer = ask(app, "POST", "symbology.resolve", asked | {"start_date": "2024-01-15", "end_date": "2024-01-17"})
    assert answer.status_code == 206 and answer.json()["not_found"] == ["NO.c.0"]
    assert answer.json()["result"]["ES.c.0"] == [
        {"d0": "2024-01-15", "d1": "2024-01-16", "s": "17077"},
        {"d0": "2024-01-16", "d1": "2024-01-17", "s": "5602"},
    ]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda content: content[:-7], "ends in the middle of a record"),
        (lambda content: b"no DBN at all", "is not a DBN file"),
        (lambda content: content[:40], "metadata of broken.dbn cannot be read"),
        (lambda content: zstandard.compress(content)[:-9], "ends in the middle of a frame"),
        (lambda content: zstandard.compress(content[:-9]) + b"more", "is damaged"),
    ],
)
def test_a_file_that_is_broken_is_refused(folder, tmp_path, damage, message):
    content = zstandard.ZstdDecompressor().decompress((folder / "GLBX.MDP3.trades.dbn.zst").read_bytes())
    (tmp_path / "broken.dbn").write_bytes(damage(content))
    with pytest.raises(ValueError, match=message):
        list(read_records(tmp_path / "broken.dbn"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-15", 1705276800 * 10**9),
        ("2024-01-15T00:00:00.000000001Z", 1705276800 * 10**9 + 1),
        ("2024-01-15T01:00:00.5+01:00", 1705276800 * 10**9 + 5 * 10**8),
        ("1705276800000000007", 1705276800 * 10**9 + 7),
    ],
)
def test_times_of_requests(text, expected):
    assert nanoseconds(text) == expected
    assert nanoseconds(iso(expected)) == expected


def test_selections_that_are_kept_are_those_of_their_requests(folder):
    catalogue = Catalogue({path.name: path for path in folder.glob("*.dbn.zst")})
    start = 1705276800 * 10**9
    queries = [
        Query("GLBX.MDP3", "trades", "continuous", ("ES.c.0",), start, start + hours * 3600 * 10**9)
        for hours in range(1, 9)
    ]
    first = [len(catalogue.select(query).records) for query in queries]
    assert [len(catalogue.select(query).records) for query in reversed(queries)] == first[::-1]
    assert first == sorted(first) and first[0] < first[-1]
    assert catalogue.select(queries[0]) is catalogue.select(queries[0])


def test_a_planted_record_says_which_stage_and_rule_refuse_it(tmp_path):
    generate("hostile", tmp_path)
    records = list(read_records(tmp_path / "XNAS.ITCH.trades.dbn.zst"))
    refused = [(one.expect, one.failure_class, one.reason) for one in records if one.expect != "accepted"]
    assert refused == [("quarantine", "validation", "price_sign")] * 2
    assert {(one.failure_class, one.reason) for one in records if one.expect == "accepted"} == {("", "")}
