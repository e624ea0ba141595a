"""Typed rows of a fixture set in a test database: which databases are taken, which columns are filled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from streamproof.curation.loading import load_set
from streamproof.model.errors import FixtureError, UsageError
from streamproof.packs.loading import load_pack
from streamproof.packs.pack import Pack
from streamproof.warehouse.clickhouse.client import connect, execute, rows
from tests.integration.conftest import Warehouse
from tests.unit.fixtures.conftest import SmallSet

pytestmark = pytest.mark.engine

TRACE = {
    "__table": "stream_trace_events", "__scenario": "scenario_1", "event_timestamp": "2026-02-28 21:05:00.123",
    "stream_id": "s", "request_id": "r", "trace_type": "gateway_receive_stream_request", "raw_event_uid": "u1",
    "event_date": "1999-01-01", "of_another_schema": 5,
}  # fmt: skip
EVENT = {"__table": "streaming_events", "id": "1", "type": "x", "timestamp": 1, "gateway": "", "data": "{}"}


@pytest.fixture(scope="module")
def pack(home: Path) -> Pack:
    pack = load_pack(home, "livepeer")
    return pack.model_copy(update={"replay": pack.replay.model_copy(update={"scenarios": ()})})


@pytest.fixture
def small(tmp_path: Path) -> SmallSet:
    return SmallSet(
        tmp_path, {"scenario_1/a.jsonl": [TRACE, EVENT], "scenario_1/b.jsonl": [{**TRACE, "stream_id": "t"}]}
    )


def content(warehouse: Warehouse, database: str) -> list[dict[str, Any]]:
    client = connect(warehouse.settings.using(database))
    return rows(client, "SELECT stream_id, toString(event_date) AS day FROM stream_trace_events ORDER BY stream_id")


def test_rows_are_loaded_into_a_new_database(warehouse: Warehouse, pack: Pack, small: SmallSet) -> None:
    manifest = small.write()
    loaded = load_set(pack, manifest, warehouse.settings, "load_new", truncate=False)
    assert loaded.as_json() == {
        "database": "load_new",
        "created": True,
        "rows": {"stream_trace_events": 2},
        "columns_left_out": {"stream_trace_events": ["event_date", "of_another_schema"]},
        "events_passed_over": 1,
    }
    # The date is computed, so that the one in the line does not count.
    whole = [{"stream_id": "s", "day": "2026-02-28"}, {"stream_id": "t", "day": "2026-02-28"}]
    assert content(warehouse, "load_new") == whole
    load_set(pack, manifest, warehouse.settings, "load_new", truncate=False)
    assert len(content(warehouse, "load_new")) == 4
    assert not load_set(pack, manifest, warehouse.settings, "load_new", truncate=True).created
    assert content(warehouse, "load_new") == whole


def test_an_empty_database_is_taken_and_one_of_others_is_not(warehouse: Warehouse, pack: Pack, small: SmallSet) -> None:
    client = warehouse.empty()
    load_set(pack, small.write(), warehouse.settings, client.database, truncate=True)
    assert len(content(warehouse, client.database)) == 2
    others = warehouse.empty()
    execute(others, "CREATE TABLE stream_trace_events (stream_id String) ENGINE = Memory")
    execute(others, "INSERT INTO stream_trace_events VALUES ('theirs')")
    with pytest.raises(UsageError, match="has tables that streamproof did not make, among them stream_trace_events"):
        load_set(pack, small.write(), warehouse.settings, others.database, truncate=True)
    assert rows(others, "SELECT stream_id FROM stream_trace_events") == [{"stream_id": "theirs"}]


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ([{**TRACE, "__table": "nowhere"}], "has no table nowhere"),
        ([{**TRACE, "__table": "v_latest_sessions"}], "has no table v_latest_sessions"),
        ([{"__table": "stream_trace_events", "of_another_schema": 1}], "none of the table's columns"),
    ],
)
def test_rows_of_another_schema_are_refused(
    warehouse: Warehouse, pack: Pack, small: SmallSet, lines: list[Any], problem: str
) -> None:
    small.files = {"scenario_1/a.jsonl": lines}
    with pytest.raises(UsageError, match=problem):
        load_set(pack, small.write(), warehouse.settings, "load_refused", truncate=False)


@pytest.mark.parametrize(
    ("lines", "problem"),
    [(["not json"], "a.jsonl:1: not JSON"), (["[]"], "not a JSON object"), ([EVENT], "1 events and no row of a table")],
)
def test_a_broken_set_touches_no_database(
    warehouse: Warehouse, pack: Pack, small: SmallSet, lines: list[Any], problem: str
) -> None:
    small.files = {"scenario_1/a.jsonl": lines}
    with pytest.raises(FixtureError, match=problem):
        load_set(pack, small.write(), warehouse.settings, "load_never", truncate=False)
    found = rows(connect(warehouse.settings), "SELECT name FROM system.databases WHERE name = 'load_never'")
    assert found == []


def test_all_missing_files_are_named(warehouse: Warehouse, pack: Pack, small: SmallSet) -> None:
    manifest = small.write()
    for name in small.files:
        (small.folder / name).unlink()
    with pytest.raises(FixtureError, match=r"a\.jsonl.*b\.jsonl"):
        load_set(pack, manifest, warehouse.settings, "load_never", truncate=False)
