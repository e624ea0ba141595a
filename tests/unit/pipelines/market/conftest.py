from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from packs.market.generator import generate
from pipelines.market import main

from .cluster import USER, Cluster
from .gateway import KEY, Gateway

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    server = Cluster()
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def database(cluster) -> Iterator[str]:
    """An empty database with the schema."""
    name = f"market_{next(_NUMBERS)}"
    with cluster.connect("postgres") as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE market_schema")
        yield name
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def sets(tmp_path_factory) -> Path:
    """A folder with the sets golden and hostile."""
    folder = tmp_path_factory.mktemp("sets")
    for kind in ("golden", "hostile"):
        generate(kind, folder / kind)
    return folder


@pytest.fixture(scope="session")
def _gateways(sets, tmp_path_factory) -> Iterator[dict[str, Gateway]]:
    gateways = {kind: Gateway(sets / kind, tmp_path_factory.mktemp(f"tls-{kind}")) for kind in ("golden", "hostile")}
    for gateway in gateways.values():
        gateway.start()
    yield gateways
    for gateway in gateways.values():
        gateway.stop()


@dataclass
class Market:
    """The pipeline with its surroundings: run it, and look at what it stored."""

    gateway: Gateway
    folder: Path
    job_file: Path
    connection: psycopg.Connection
    capsys: pytest.CaptureFixture
    errors: str = ""

    def run(self, *arguments: str, code: int = 0, **environment: str) -> dict:
        """Run the program in this process, require its exit code and return its JSON object."""
        settings = {
            "DATABENTO_API_KEY": KEY,
            "DATABENTO_GATEWAY": self.gateway.url,
            "MARKET_WORK_DIR": str(self.folder / "work"),
            "MARKET_QUARANTINE_DIR": str(self.folder / "dlq"),
            "MARKET_BACKOFF_SECONDS": "0.01",
            "MARKET_ATTEMPTS": "3",
        } | environment
        found = main.run(["ingest", "--api", "databento", *arguments], settings)
        output = self.capsys.readouterr()
        self.errors = output.err
        assert found == code, output.err
        # Nothing half-done is left, whatever happened.
        assert not list(self.folder.rglob("*.part"))
        return json.loads(output.out) if code == 0 else {}

    def run_set(self, *arguments: str, code: int = 0, **environment: str) -> dict:
        """Run the job of the set that is served."""
        return self.run("--job", "fixture_set", "--config", str(self.job_file), *arguments, code=code, **environment)

    def rows(self, query: str, *parameters: object) -> list[tuple]:
        return self.connection.execute(query, parameters or None).fetchall()

    def value(self, query: str, *parameters: object) -> object:
        return self.rows(query, *parameters)[0][0]


@pytest.fixture
def market_of(_gateways, cluster, database, sets, tmp_path, monkeypatch, capsys):
    """Make the surroundings for a set."""
    connections = []

    def make(kind: str) -> Market:
        gateway = _gateways[kind]
        gateway.requests.clear()
        gateway.fault = None
        variables = {
            "REQUESTS_CA_BUNDLE": str(gateway.ca_file), "PGHOST": "127.0.0.1", "PGPORT": str(cluster.port),
            "PGDATABASE": database, "PGUSER": USER, "PGPASSWORD": cluster.password,
        }  # fmt: skip
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        connections.append(cluster.connect(database))
        return Market(gateway, tmp_path, sets / kind / "job.yaml", connections[-1], capsys)

    yield make
    for connection in connections:
        connection.close()


@pytest.fixture
def market(market_of) -> Market:
    """The surroundings with the golden set."""
    return market_of("golden")


@pytest.fixture
def hostile(market_of) -> Market:
    """The surroundings with the hostile set."""
    return market_of("hostile")
