"""Stage schema_apply: the run gets a database of its own, and nobody else's is ever touched."""

from __future__ import annotations

from contextlib import closing, contextmanager
from types import SimpleNamespace

import pytest

from streamproof.model.errors import WarehouseError
from streamproof.stages import schema_apply
from streamproof.warehouse.clickhouse.client import connect, execute, rows
from streamproof.warehouse.clickhouse.servers.server import owner_of
from streamproof.warehouse.registry import open_server, open_warehouse

pytestmark = pytest.mark.engine


class Context:
    """What the stage uses of a run's context."""

    def __init__(self, warehouse, run_id: str) -> None:
        self.there = warehouse
        self.plan = SimpleNamespace(run_id=run_id)
        self.pack = SimpleNamespace(name="livepeer", warehouse="clickhouse", source=None)
        self.names = SimpleNamespace(
            database=f"sp_{run_id}", input_topic=f"{run_id}.in", groups={"raw": f"{run_id}.raw"}, topics={}
        )
        self.sql_dir = warehouse.home / "include/sql/livepeer"
        self.lines: list[str] = []
        self.log = self.lines.append

    def stack_state(self):
        return SimpleNamespace(clickhouse=self.there.settings, bootstrap_from_clickhouse="")

    def shared_pipeline(self):
        """No: the run has its pipeline to itself."""

    def server_settings(self):
        return self.there.settings

    def kafka(self):
        return self.there.kafka

    @contextmanager
    def warehouse(self):
        with closing(open_warehouse("clickhouse", self.there.settings.using(self.names.database))) as warehouse:
            yield warehouse


@pytest.fixture
def server(warehouse):
    client = connect(warehouse.settings)
    yield client
    client.close()


def test_a_run_gets_a_database_that_is_marked_as_its_own_and_a_retry_keeps_it(warehouse, server):
    ctx = Context(warehouse, "r1")
    first = schema_apply.run(ctx)
    with ctx.warehouse() as found:
        found.execute("INSERT INTO streaming_events (id) VALUES ('kept')")
    again = schema_apply.run(ctx)
    assert (first.details["created"], again.details["created"]) == (True, False)
    assert first.details["migrations"] == sorted(
        path.name.removesuffix(".sql.j2") for path in (ctx.sql_dir / "schema").iterdir()
    )
    assert again.details["migrations"] == []
    assert owner_of(server, "sp_r1") == "r1"
    assert rows(server, "SELECT id FROM sp_r1.streaming_events") == [{"id": "kept"}]
    tables = {row["name"] for row in rows(server, "SHOW TABLES FROM sp_r1")}
    assert {"streaming_events_kafka", "mv_streaming_events_kafka_to_streaming_events"} <= tables
    execute(server, "DROP DATABASE sp_r1")


@pytest.mark.parametrize("theirs", ["CREATE TABLE sp_r2.t (x UInt8) ENGINE = Memory", None])
def test_a_database_that_the_run_did_not_create_is_left_alone(warehouse, server, theirs):
    execute(server, "CREATE DATABASE sp_r2")
    if theirs:
        execute(server, theirs)
    with pytest.raises(WarehouseError, match="does not belong to run r2"):
        schema_apply.run(Context(warehouse, "r2"))
    assert len(rows(server, "SHOW TABLES FROM sp_r2")) == (1 if theirs else 0)
    execute(server, "DROP DATABASE sp_r2")


def test_a_database_of_another_run_is_left_alone(warehouse, server):
    other = Context(warehouse, "r3")
    schema_apply.run(other)
    taken = Context(warehouse, "r4")
    taken.names.database = "sp_r3"
    with pytest.raises(WarehouseError, match="does not belong to run r4"):
        schema_apply.run(taken)
    assert owner_of(server, "sp_r3") == "r3"
    execute(server, "DROP DATABASE sp_r3")


def test_a_run_drops_its_own_database_with_its_view_cache_and_no_other(warehouse, server):
    ctx = Context(warehouse, "r5")
    schema_apply.run(ctx)
    with ctx.warehouse() as found:
        found.cache_views(["SELECT 1 FROM v_latest_sessions", "SELECT 2 FROM v_latest_sessions"])
    with closing(open_server("clickhouse", warehouse.settings)) as opened:
        with pytest.raises(WarehouseError, match="does not belong to run r6"):
            opened.release("sp_r5", "r6")
        assert opened.release("sp_r5", "r5") is True
        assert opened.release("sp_r5", "r5") is False
    assert rows(server, "SELECT name FROM system.databases WHERE startsWith(name, 'sp_r5')") == []
