"""Clones hold what their source holds, write nothing by themselves, and are restored after any damage."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from streamproof.model.errors import WarehouseError
from streamproof.warehouse.clickhouse.client import execute, rows
from streamproof.warehouse.clickhouse.cloning.clone import ClonedDatabase
from tests.integration.conftest import Warehouse, insert
from tests.integration.sql.consistent import consistent_replay

pytestmark = pytest.mark.engine

# Each with the objects that it changes.
DAMAGE = [
    ("INSERT INTO discovery_results SELECT * FROM discovery_results LIMIT 1", {"discovery_results"}),
    ("DELETE FROM streaming_events WHERE type = 'stream_trace'", {"streaming_events"}),
    ("ALTER TABLE streaming_events UPDATE payload = 'x' WHERE 1", {"streaming_events"}),
    ("ALTER TABLE ai_stream_status ADD COLUMN more String", {"ai_stream_status"}),
    ("TRUNCATE TABLE network_capabilities", {"network_capabilities"}),
    ("DROP TABLE payment_events", {"payment_events"}),
    ("DROP VIEW v_latest_sessions", {"v_latest_sessions"}),
    ("DROP VIEW mv_fact_status_to_perf_1m", {"mv_fact_status_to_perf_1m"}),
    ("CREATE OR REPLACE VIEW v_latest_sessions AS SELECT 1 AS one", {"v_latest_sessions"}),
    ("CREATE TABLE stray (a UInt8) ENGINE = Memory", {"stray"}),
    ("RENAME TABLE payment_events TO payments", {"payment_events", "payments"}),
    ("DELETE FROM streaming_events WHERE 0", set()),
]


@pytest.fixture(scope="module")
def filled(warehouse: Warehouse) -> Iterator[Any]:
    client = warehouse.with_schema()
    for table, records in consistent_replay().rows.items():
        insert(client, table, records)
    yield client
    client.close()


@pytest.fixture(scope="module")
def clone(warehouse: Warehouse, filled: Any) -> Iterator[ClonedDatabase]:
    clone = warehouse.clone(filled)
    yield clone
    clone.drop()


def counts(client: Any) -> dict[str, int]:
    names = "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'"
    tables = [row["name"] for row in rows(client, names)]
    return {name: int(rows(client, f"SELECT count() AS n FROM {name}")[0]["n"]) for name in tables}


def test_a_clone_holds_the_rows_of_its_source(clone, filled):
    assert counts(clone.client) == counts(filled)
    assert sum(counts(clone.client).values()) > 50


@pytest.mark.parametrize(("statement", "changed"), DAMAGE)
def test_damage_is_detected_and_restored(clone, filled, statement, changed):
    before = counts(filled)
    execute(clone.client, statement)
    assert clone.change().changed == changed
    clone.restore()
    assert clone.change().changed == set()
    assert counts(clone.client) == before == counts(filled)


def test_a_missing_object_is_distinguished_from_a_changed_one(clone):
    execute(clone.client, "DROP VIEW v_latest_sessions")
    assert clone.change().gone == {"v_latest_sessions"}
    clone.restore()


def test_the_same_statement_works_again_after_a_repair(clone):
    statement = "INSERT INTO discovery_results SELECT * FROM discovery_results ORDER BY source_offset LIMIT 1"
    for _ in range(2):
        execute(clone.client, statement)
        assert clone.change().changed == {"discovery_results"}
        clone.restore()


def test_materialized_views_are_there_and_write_nothing(clone, filled):
    target = "dim_orchestrator_capability_snapshots"
    execute(clone.client, "INSERT INTO network_capabilities SELECT * FROM network_capabilities")
    assert clone.change().changed == {"network_capabilities"}
    assert counts(clone.client)[target] == counts(filled)[target]
    engine = "SELECT engine FROM system.tables WHERE database = currentDatabase() AND name LIKE 'mv_fact_status%'"
    assert [row["engine"] for row in rows(clone.client, engine)] == ["MaterializedView"]
    clone.restore()


def test_a_database_that_is_there_is_never_cloned_over(warehouse, filled):
    with pytest.raises(WarehouseError, match="already exists"):
        ClonedDatabase.of(warehouse.settings.using(filled.database), str(filled.database), warehouse.schema)


def test_a_dropped_clone_is_gone_and_its_source_is_not(warehouse, filled):
    clone = warehouse.clone(filled)
    name = clone.client.database
    before = counts(filled)
    clone.drop()
    assert rows(filled, "SELECT 1 FROM system.databases WHERE name = {name:String}", {"name": name}) == []
    assert counts(filled) == before


def test_a_clone_that_cannot_be_made_leaves_nothing(warehouse):
    source = warehouse.with_schema()
    execute(source, "DROP TABLE ai_stream_events")
    name = f"{source.database}_clone"
    with pytest.raises(WarehouseError, match="ai_stream_events"):
        ClonedDatabase.of(warehouse.settings.using(source.database), name, warehouse.schema)
    assert rows(source, "SELECT 1 FROM system.databases WHERE name = {name:String}", {"name": name}) == []
    source.close()
