"""A pack that fetches, on stack compose: real TimescaleDB in a container, source and pipeline on this machine."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from contextlib import contextmanager

import orjson
import psycopg
from conftest import Docker

from streamproof.model.formats.json_data import from_json
from streamproof.model.stack import StackState

TABLES = {"daily_ohlcv_data", "trades_data", "tbbo_data", "statistics_data", "definitions_data"}
HYPERTABLES = "SELECT hypertable_name, num_chunks FROM timescaledb_information.hypertables"


@contextmanager
def taken_down(docker: Docker, run_id: str) -> Iterator[None]:
    """Take a kept stack down whatever happens: its volumes would have the password of this test for the next one."""
    try:
        yield
    finally:
        ended = docker.cli("stack", "down", run_id)
    assert ended.returncode == 0, ended.stderr


def test_the_golden_set_passes_on_hypertables_and_every_check_is_proved(docker: Docker):
    with taken_down(docker, "market"):
        proved_on_hypertables(docker)

    assert docker.left("sp-market") == []
    assert not (docker.artifacts / "market" / "stack" / "postgres.password").exists()


def proved_on_hypertables(docker: Docker) -> None:
    ended = docker.cli(
        "prove", "--pack", "market", "--stack", "compose", "--run-id", "market", "--keep-stack", "--json"
    )

    proof = json.loads(ended.stdout)
    assert (ended.returncode, proof["survivors"]) == (0, []), ended.stderr
    assert proof["proved"] == proof["checks"] > 10
    folder = docker.artifacts / "market" / "stack"
    state = from_json(StackState, orjson.loads((folder / "state.json").read_bytes()))
    assert [service.name for service in state.services] == ["timescaledb", "source"]
    with psycopg.connect(
        host=state.postgres_host,
        port=state.postgres_port,
        user=state.postgres_user,
        password=(folder / "postgres.password").read_text(),
        dbname="sp_market_market",
    ) as connection:
        found = dict(connection.execute(HYPERTABLES).fetchall())
    assert found.keys() == TABLES
    # The golden set has two days.
    assert min(found.values()) >= 2
    assert stat.S_IMODE((folder / "postgres.password").stat().st_mode) == 0o600
    password = (folder / "postgres.password").read_bytes()
    files = [path for path in docker.artifacts.rglob("*") if path.is_file() and path.name != "postgres.password"]
    assert [path for path in files if password in path.read_bytes()] == []
