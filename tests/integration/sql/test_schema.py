"""The pack's schema on the real engine: what it makes, that it is made once, and that it keeps rows apart."""

from __future__ import annotations

import shutil

import pytest

from pipelines.livepeer.tables import COLUMNS
from streamproof.model.errors import SqlSourceError, WarehouseError
from streamproof.packs.loading import load_pack
from streamproof.warehouse.clickhouse.client import execute, rows
from streamproof.warehouse.clickhouse.migrations import apply_migrations
from streamproof.warehouse.common.ledger_rows import COLUMNS as LEDGER_COLUMNS
from tests.integration.conftest import LEDGER, VARIABLES, insert

pytestmark = pytest.mark.engine

CAPABILITIES = sorted(name for name in COLUMNS if name.startswith("network_capabilities"))
DIMENSIONS = {
    "network_capabilities": "dim_orchestrator_capability_snapshots",
    "network_capabilities_advertised": "dim_orchestrator_capability_advertised_snapshots",
    "network_capabilities_model_constraints": "dim_orchestrator_capability_model_constraints",
    "network_capabilities_prices": "dim_orchestrator_capability_prices",
}
WALLET = {"orchestrator_address": "0xA", "local_address": "0xB", "orch_uri": "u1", "capability_id": 35}
SOURCE = {"source_topic": "t", "source_partition": 0, "source_offset": 1, "raw_event_uid": "e", "source_event_id": "e"}


@pytest.fixture(scope="module")
def database(warehouse):
    client = warehouse.with_schema()
    yield client
    client.close()


def shape(client):
    """Everything about the database's tables and columns that a migration could change."""
    tables = "SELECT name, uuid, create_table_query FROM system.tables WHERE database = currentDatabase() ORDER BY name"
    return rows(client, tables), rows(client, f"SELECT number, name, sha256, applied_at FROM {LEDGER} ORDER BY number")


def count(client, table: str) -> int:
    return rows(client, f"SELECT count() AS n FROM {table}")[0]["n"]


def test_applying_twice_changes_nothing(warehouse, database):
    before = shape(database)
    assert len(before[1]) == len(list(warehouse.schema.glob("*.sql.j2")))
    assert apply_migrations(database, warehouse.schema, VARIABLES) == []
    assert shape(database) == before


def test_a_migration_that_changed_after_it_was_applied_is_refused(warehouse, database, tmp_path):
    schema = shutil.copytree(warehouse.schema, tmp_path / "schema")
    (changed,) = schema.glob("0003_*")
    changed.write_text(changed.read_text() + "-- later\n")
    with pytest.raises(WarehouseError, match=r"0003_\w+ was applied to this database and has since changed"):
        apply_migrations(database, schema, VARIABLES)
    changed.unlink()
    with pytest.raises(WarehouseError, match="has since disappeared"):
        apply_migrations(database, schema, VARIABLES)


def test_a_statement_that_is_refused_is_named_with_its_file(warehouse, tmp_path):
    (tmp_path / "0001_two.sql.j2").write_text(
        "CREATE TABLE a (x UInt8) ENGINE = Memory;\nCREATE TABLE b (x Nope) ENGINE = Memory;"
    )
    with pytest.raises(WarehouseError, match=r"0001_two\.sql\.j2, statement 2 of 2: .*Nope"):
        apply_migrations(warehouse.empty(), tmp_path, {})


@pytest.mark.parametrize("names", [(), ("1_x.sql.j2",), ("0001_a.sql.j2", "0001_b.sql.j2"), ("0001_a.sql",)])
def test_a_folder_that_is_no_schema_is_refused(tmp_path, names):
    for name in names:
        (tmp_path / name).write_text("SELECT 1")
    with pytest.raises(SqlSourceError):
        apply_migrations(None, tmp_path, {})  # type: ignore[arg-type] # nothing may be asked of the server


@pytest.mark.parametrize("table", sorted(COLUMNS))
def test_the_columns_of_the_ddl_are_those_that_the_processor_writes(database, table):
    sql = (
        "SELECT name FROM system.columns WHERE database = currentDatabase() AND table = {table:String} "
        "AND default_kind != 'MATERIALIZED' ORDER BY position"
    )
    assert tuple(row["name"] for row in rows(database, sql, {"table": table})) == (
        *COLUMNS[table],
        "ingestion_timestamp",
    )


def test_the_ledger_has_the_columns_that_the_replay_writes(database):
    assert tuple(row["name"] for row in rows(database, "DESCRIBE TABLE replay_ledger")) == LEDGER_COLUMNS


def test_every_table_of_the_packs_layers_is_there(home, database):
    named = {table for tables in load_pack(home, "livepeer").layers.values() for table in tables}
    assert named <= {row["name"] for row in rows(database, "SHOW TABLES")}


def test_the_dimension_views_have_the_names_that_assertions_look_up(database):
    sql = "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine = 'MaterializedView'"
    found = {row["name"] for row in rows(database, sql) if "_to_dim_" in row["name"]}
    assert found == {f"mv_{source}_to_{target}" for source, target in DIMENSIONS.items()}


@pytest.mark.parametrize("retention", [False, True])
def test_old_events_stay_unless_retention_is_on(warehouse, retention):
    client = warehouse.with_schema(retention=retention)
    insert(
        client,
        "ai_stream_events",
        [{"event_timestamp": "2020-01-01 00:00:00", **{k: SOURCE[k] for k in ("source_topic",)}}],
    )
    execute(client, "OPTIMIZE TABLE ai_stream_events FINAL")
    assert count(client, "ai_stream_events") == (0 if retention else 1)
    client.close()


@pytest.mark.parametrize("table", CAPABILITIES)
@pytest.mark.parametrize(
    "difference",
    [{"orch_uri": "u2"}, {"source_offset": 2}, {"source_event_id": "f"}, {}],
    ids=["host", "record", "event", "two equal rows of one record"],
)
def test_rows_that_differ_survive_a_merge(warehouse, table, difference):
    client = warehouse.with_schema()
    row = {**WALLET, **SOURCE, "event_timestamp": "2026-02-25 16:00:00"}
    insert(client, table, [row, {**row, **difference}])
    execute(client, f"OPTIMIZE TABLE {table} FINAL")
    assert count(client, table) == 2
    client.close()


def test_gpus_and_prices_of_one_event_survive_a_merge_also_in_the_dimensions(warehouse):
    client = warehouse.with_schema()
    row = {**WALLET, **SOURCE, "event_timestamp": "2026-02-25 16:00:00"}
    insert(client, "network_capabilities", [{**row, "gpu_id": gpu} for gpu in ("g1", "g2")])
    insert(client, "network_capabilities_prices", [{**row, "constraint_name": name} for name in ("m1", "m2", None)])
    insert(client, "network_capabilities_prices", [{**row, "orch_uri": "u2"}])
    for table, left in (("network_capabilities", 2), ("network_capabilities_prices", 4)):
        execute(client, f"OPTIMIZE TABLE {table} FINAL")
        execute(client, f"OPTIMIZE TABLE {DIMENSIONS[table]} FINAL")
        assert (count(client, table), count(client, DIMENSIONS[table])) == (left, left)
    client.close()


def test_a_batch_that_is_sent_again_with_its_token_is_counted_once_everywhere(warehouse):
    client = warehouse.with_schema()
    body = b'{"event_timestamp":"2026-02-25 16:00:00","source_event_id":"e"}'
    settings = {"insert_deduplication_token": "0:1-2", "deduplicate_blocks_in_dependent_materialized_views": 1}
    for table in [*CAPABILITIES, "ai_stream_status", "record_dispositions", "streaming_events_dlq"]:
        line = b'{"event_id":"e"}' if table in ("record_dispositions", "streaming_events_dlq") else body
        line = b'{"stream_id":"s"}' if table == "ai_stream_status" else line
        for _ in range(2):
            client.raw_insert(table, insert_block=line, fmt="JSONEachRow", settings=settings)
        assert count(client, table) == 1, table
    assert [count(client, target) for target in DIMENSIONS.values()] == [1, 1, 1, 1]
    client.close()


def test_the_current_dimension_is_the_newest_snapshot_as_a_whole(warehouse):
    client = warehouse.with_schema()
    row = {**WALLET, **SOURCE, "pipeline": "p", "model_id": "m", "gpu_id": "g"}
    insert(
        client,
        "network_capabilities",
        [{**row, "event_timestamp": "2026-02-25 16:00:00", "gpu_name": "old", "gpu_minor": 1}],
    )
    insert(client, "network_capabilities", [{**row, "event_timestamp": "2026-02-25 17:00:00", "gpu_name": "new"}])
    (current,) = rows(
        client, "SELECT gpu_name, gpu_minor, orchestrator_address FROM dim_orchestrator_capability_current"
    )
    assert current == {"gpu_name": "new", "gpu_minor": None, "orchestrator_address": "0xa"}
    client.close()


def test_capacities_above_255_are_kept(database):
    insert(database, "network_capabilities", [{**WALLET, **SOURCE, "capacity": 70000, "capacity_in_use": 300}])
    assert rows(database, "SELECT capacity, capacity_in_use FROM network_capabilities") == [
        {"capacity": 70000, "capacity_in_use": 300}
    ]
