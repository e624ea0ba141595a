"""A run on the service itself: it says what it costs, and what it sends is judged by files that were fetched before."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..unit.pipelines.market.cluster import USER, Cluster
from ..unit.pipelines.market.gateway import KEY, Gateway
from .conftest import Cli

pytestmark = pytest.mark.system

GOLDEN = Path(__file__).resolve().parents[2] / "include" / "fixtures" / "market" / "golden"
RANGE = "timeseries.get_range"


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    server = Cluster()
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Gateway]:
    """The service: it has files that the run's manifest does not name, too."""
    (tmp_path / "tls").mkdir()
    gateway = Gateway(GOLDEN, tmp_path / "tls")
    gateway.start()
    yield gateway
    gateway.stop()


def outside(cluster: Cluster, service: Gateway) -> dict[str, str]:
    return {
        "PGHOST": "127.0.0.1",
        "PGPORT": str(cluster.port),
        "PGUSER": USER,
        "PGPASSWORD": cluster.password,
        "DATABENTO_GATEWAY": service.url,
        "DATABENTO_API_KEY": KEY,
        "REQUESTS_CA_BUNDLE": str(service.ca_file),
    }


def test_a_run_on_the_service_itself(cluster, service, tmp_path):
    # A folder of another language, with a space in its name.
    folder = tmp_path / "Läufe von heute"
    folder.mkdir()
    cli = Cli(folder / "runs", {**os.environ, "STREAMPROOF_ARTIFACTS": str(folder / "runs")})
    for schema in ("definition", "tbbo", "trades"):
        shutil.copy(GOLDEN / f"XNAS.ITCH.{schema}.dbn.zst", folder)
    (folder / "manifest.json").write_text('{"files": ["*.dbn.zst"]}')
    arguments = ("--pack", "market", "--stack", "external", "--manifest", str(folder / "manifest.json"))

    refused = cli.run(*arguments, **outside(cluster, service))
    assert refused.code == 2, refused.stderr
    assert "US dollars" in refused.stderr and "STREAMPROOF_COST_LIMIT" in refused.stderr
    assert not cli.artifacts.exists() and service.requests[RANGE] == 0

    ended = cli.run(*arguments, **outside(cluster, service), STREAMPROOF_COST_LIMIT="1000")
    assert ended.code == 0, ended.stderr
    summary = ended.json
    assert summary["verdict"] == "passed" and "foretold" in summary["rungs"]
    assert "fetches from" in " ".join(ended.stderr.split())
    assert any(service.url in notice and "US dollars" in notice for notice in summary["notices"])
    # Three schemas on the days of the set, fetched by the first run of the pipeline and by the one with --force.
    assert service.requests[RANGE] == 3 * 2 * 2
    assert summary["serving"]["never_served"] is None
    held = [file for file in cli.folder(summary).rglob("*") if file.is_file() and KEY.encode() in file.read_bytes()]
    assert held == []
    with cluster.connect("postgres") as connection:
        assert connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'sp_%'").fetchall() == []
