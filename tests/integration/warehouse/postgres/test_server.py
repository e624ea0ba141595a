"""Databases of runs: created, marked, taken over, and dropped only by their run."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from streamproof.model.errors import UsageError, WarehouseError
from streamproof.warehouse.postgres.client import Client, connect, execute, rows
from streamproof.warehouse.postgres.servers.databases import drop_database
from streamproof.warehouse.postgres.servers.server import PostgresServer


@pytest.fixture
def server(postgres):
    with closing(PostgresServer.open(postgres.settings)) as server:
        yield server
        drop_database(postgres.settings, "sp_test_run")


def test_a_run_claims_its_database_and_drops_it(server):
    assert server.check("sp_test_run", server_schema(server)) == server.version
    assert server.claim("sp_test_run", "run", "pack")
    assert not server.claim("sp_test_run", "run", "pack")
    with pytest.raises(WarehouseError, match="does not belong to run other"):
        server.claim("sp_test_run", "other", "pack")
    with pytest.raises(WarehouseError, match="does not belong to run other and is left alone"):
        server.release("sp_test_run", "other")
    with pytest.raises(WarehouseError, match="already has database sp_test_run"):
        server.check("sp_test_run", server_schema(server))
    open_session = connect(server.client.settings.using("sp_test_run"))
    assert server.release("sp_test_run", "run")
    assert not server.release("sp_test_run", "run")
    open_session.close()


def server_schema(server):
    from pathlib import Path

    return Path(__file__).parents[4] / "include/sql/livepeer/schema"


def test_only_an_empty_database_is_adopted(server):
    server.create("sp_test_run")
    server.create("sp_test_run")
    with closing(Client(server.client.settings.using("sp_test_run"))) as client:
        execute(client, "CREATE TABLE theirs (a text)")
        with pytest.raises(UsageError, match="among them theirs"):
            server.adopt("sp_test_run", "load", "pack")
        execute(client, "DROP TABLE theirs")
    assert server.adopt("sp_test_run", "load", "pack")
    assert not server.adopt("sp_test_run", "load", "pack")
    assert server.release("sp_test_run", "load")
    assert server.adopt("sp_test_run", "load", "pack")


def test_a_user_without_rights_is_told_before_the_run(server, postgres):
    execute(server.client, "CREATE ROLE reader LOGIN PASSWORD 'secret'")
    try:
        with closing(PostgresServer.open(replace(postgres.settings, user="reader", password="secret"))) as reader:
            with pytest.raises(WarehouseError, match="user reader may not create databases"):
                reader.check("sp_test_run", server_schema(server))
            with pytest.raises(WarehouseError, match="permission denied to create database"):
                reader.claim("sp_test_run", "run", "pack")
        execute(server.client, "ALTER ROLE reader CREATEDB")
        execute(server.client, "ALTER ROLE reader SET default_transaction_read_only = on")
        with closing(PostgresServer.open(replace(postgres.settings, user="reader", password="secret"))) as reader:
            reader_only = pytest.raises(WarehouseError, match="lets user reader only read")
            schema = server_schema(server)
            with reader_only:
                reader.check("sp_test_run", schema)
    finally:
        execute(server.client, "DROP ROLE reader")


def test_a_name_that_would_be_cut_off_is_refused(server):
    for refused in (server.create, lambda name: server.claim(name, "run", "pack")):
        with pytest.raises(WarehouseError, match="longer than 53 bytes"):
            refused("sp_" + "é" * 26)


def test_a_run_is_logged_once(server, postgres):
    summary = {
        "run_id": "run", "started_at": "2026-01-01T00:00:00.000Z", "pack": "p", "mode": "full", "verdict": "passed",
        "stack": {"name": "local"}, "first_broken_layer": None, "error": None, "duration_sec": 1, "git_commit": "c",
        "checks": {"passed": 1, "failed": 2, "errored": 0, "skipped": 0},
        "results": [{"stage": "s", "status": "passed", "duration_sec": 2.5, "error": None,
                     "started_at": "2026-01-01T00:00:01.000Z"}],
        "failures": [{"suite": "s", "name": "n", "failed_rows": 3}],
    }  # fmt: skip
    try:
        server.log_run({**summary, "verdict": "error"})
        server.log_run(summary)
        with closing(Client(postgres.settings.using("streamproof"))) as client:
            found = rows(client, "SELECT run_id, verdict, checks_failed, duration_sec, started_at FROM runs")
            assert found == [
                {"run_id": "run", "verdict": "passed", "checks_failed": 2, "duration_sec": 1.0,
                 "started_at": datetime(2026, 1, 1, tzinfo=UTC)}
            ]  # fmt: skip
            assert rows(client, "SELECT duration_sec FROM run_stages") == [{"duration_sec": 2.5}]
            assert rows(client, "SELECT failed_rows FROM run_failures") == [{"failed_rows": 3}]
    finally:
        drop_database(postgres.settings, "streamproof")
