"""Exports that cannot be made: each says why, and leaves nothing that could be taken for a set."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from streamproof.exporting.candidates import MissingScenarioError
from streamproof.exporting.export import Export
from streamproof.exporting.request import ExportRequest, pack_options
from streamproof.model.errors import UsageError, WarehouseError
from streamproof.model.window import Window
from streamproof.warehouse.clickhouse.client import execute
from streamproof.warehouse.clickhouse.database import Database
from tests.support.cutting_proxy import cutting_proxy

pytestmark = pytest.mark.engine

SWAP = "scenario_3_success_with_swap"


@pytest.fixture
def golden(load):
    return load("golden")


def assert_nothing_is_left(folder: Path) -> None:
    assert list(folder.iterdir()) == []


def test_a_window_without_sessions(golden, export, tmp_path):
    empty = Window.parse("2001-01-01T00:00:00Z", "2001-01-02T00:00:00Z")
    with pytest.raises(UsageError, match="Nothing of any scenario begins in the window from 2001-01-01T00:00"):
        export(golden, tmp_path / "set", window=empty, allow_missing_scenarios=True)
    assert_nothing_is_left(tmp_path)


def test_a_scenario_without_a_candidate_is_named_unless_it_may_be_missing(golden, export, tmp_path):
    execute(
        golden.client, "ALTER TABLE fact_workflow_sessions UPDATE startup_success = 0 WHERE confirmed_swap_count > 0"
    )
    execute(golden.client, "TRUNCATE TABLE fact_workflow_session_segments")
    execute(
        golden.client,
        "ALTER TABLE fact_workflow_sessions UPDATE inferred_orchestrator_change_count = 0 WHERE 1",
    )
    with pytest.raises(MissingScenarioError, match=f"{SWAP}: no candidate in the window") as raised:
        export(golden, tmp_path / "set")
    assert raised.value.exit_code == 1
    assert_nothing_is_left(tmp_path)
    exported = export(golden, tmp_path / "set", allow_missing_scenarios=True)
    assert exported.as_json(tmp_path)["notices"] == [f"The set has no session of {SWAP}."]
    scenarios = json.loads((tmp_path / "set/manifest.json").read_text())["scenarios"]
    assert scenarios[SWAP] == {"candidate_count": 0, "sessions": []}


def test_sessions_whose_records_have_expired_are_counted(golden, export, tmp_path):
    """Facts outlive raw records."""
    [first] = golden.query("SELECT toUnixTimestamp64Milli(min(session_end_ts)) + 60000 AS until FROM v_latest_sessions")
    expired = "DELETE FROM streaming_events WHERE toUnixTimestamp64Milli(event_timestamp) <= {until:Int64}"
    execute(golden.client, expired, first)
    exported = export(golden, tmp_path / "set", allow_missing_scenarios=True)
    assert exported.left_out["entities"] > 0
    assert len(exported.sessions) + exported.left_out["entities"] == 19
    [notice] = [text for text in exported.notices() if "left out" in text]
    assert "the raw table holds no record of it any more" in notice
    named = json.loads((tmp_path / "set/manifest.json").read_text())["metadata"]["left_out"]
    assert len(named["first"]) == named["entities"]


def test_the_warehouse_of_another_pack(golden, warehouse, home, tmp_path):
    other = warehouse.opened(warehouse.empty())
    options = pack_options(golden.ctx.pack, {})
    request = ExportRequest(golden.ctx.window, tmp_path / "set", options=options)
    with pytest.raises(UsageError, match="has no table or view of pack 'livepeer'"):
        Export(other, golden.ctx.pack, request, home, {}).run()
    other.execute("CREATE TABLE streaming_events (id String) ENGINE = MergeTree ORDER BY id")
    with pytest.raises(WarehouseError, match=r"has no .*network_capabilities, .* or this user may not read it"):
        Export(other, golden.ctx.pack, request, home, {}).run()
    other.close()
    assert_nothing_is_left(tmp_path)


@pytest.mark.parametrize("share", [0.5, 0.99])
def test_a_connection_that_is_lost_leaves_nothing(golden, pipeline, home, tmp_path, share):
    """First the whole export is made through the proxy, to see how many bytes it takes."""
    settings = pipeline.settings.using(golden.ctx.names.database)
    request = ExportRequest(golden.ctx.window, tmp_path / "set", 100, options=pack_options(golden.ctx.pack, {}))

    def export(limit: int | None) -> int:
        with cutting_proxy(settings.port) as proxy:
            database = Database.open(replace(settings, port=proxy.port))
            connected, proxy.limit = proxy.answered, None if limit is None else proxy.answered + limit
            try:
                Export(database, golden.ctx.pack, request, home, {}).run()
            finally:
                database.close()
            return proxy.answered - connected

    size = export(None)
    request = replace(request, out=tmp_path / "again" / "set")
    with pytest.raises(WarehouseError):
        export(round(size * share))
    assert_nothing_is_left(tmp_path / "again")


def test_an_interrupted_export_leaves_nothing(golden, pipeline, home, tmp_path):
    database = Database.open(pipeline.settings.using(golden.ctx.names.database))
    request = ExportRequest(golden.ctx.window, tmp_path / "set", options=pack_options(golden.ctx.pack, {}))

    def interrupt(done: int, total: int, events: int) -> None:
        [work] = tmp_path.iterdir()
        assert (work.name.endswith(".partial"), work.name.startswith(".")) == (True, True)
        assert not (work / "manifest.json").exists()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Export(database, golden.ctx.pack, request, home, {}, progress=interrupt).run()
    database.close()
    assert_nothing_is_left(tmp_path)


def test_a_folder_that_is_there_stays_as_it_is(golden, export, tmp_path):
    (tmp_path / "set").mkdir()
    with pytest.raises(UsageError, match="is there already"):
        export(golden, tmp_path / "set")
    assert list(tmp_path.rglob("*")) == [tmp_path / "set"]
