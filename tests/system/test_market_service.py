"""A run on the service itself: it says what it costs, and what it sends is judged by files that were fetched before."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..unit.pipelines.market.cluster import USER, Cluster
from ..unit.pipelines.market.gateway import KEY, Gateway
from ..unit.pipelines.market.surroundings import Market, variables
from .conftest import Cli, Ended

pytestmark = pytest.mark.system

ENGINE_TABLES = Path("plugins/streamproof/warehouse/postgres/accounting/tables.sql")

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


@pytest.fixture
def production(cluster, service, tmp_path, monkeypatch) -> dict[str, str]:
    """The variables of a database that the program has loaded, with the tables of the engine and nothing in them."""
    cluster.create("production", "market_schema")
    found = variables(service, cluster, "production")
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    market = Market(service, cluster, "production", tmp_path, GOLDEN)
    for job in ("e2e_small_sample", "e2e_all_instruments"):
        market.run("--job", job)
    market.execute((GOLDEN.parents[3] / ENGINE_TABLES).read_text())
    return found


def observed(cli: Cli, variables: dict[str, str], *arguments: str) -> Ended:
    window = ("--from-ts", "2024-01-15", "--to-ts", "2024-01-17")
    return cli.run("--pack", "market", "--mode", "observe", *window, *arguments, **variables)


def test_a_database_that_the_program_has_loaded_is_observed_without_options(cli, production, cluster):
    ended = observed(cli, production)
    assert ended.code == 0, ended.stderr
    summary = ended.json
    assert (summary["verdict"], summary["rungs"]) == ("passed", ["judged"])
    assert (summary["checks"]["failed"], summary["checks"]["errored"]) == (0, 0)
    # The log and the repetitions of a run, and what it noted of the records that it served.
    skipped = {"operations": 7, "accounting": 2}
    assert summary["checks"]["skipped"] == sum(skipped.values())
    stages = {result["stage"]: result["status"] for result in summary["results"]}
    assert stages["assert_operations"] == "skipped"
    assert all(status == "passed" for name, status in stages.items() if name != "assert_operations")
    [about] = [notice for notice in summary["notices"] if "operations is left out" in notice]
    assert about in (cli.folder(summary) / "report.md").read_text()
    [whole] = [notice for notice in summary["notices"] if "whole database" in notice]
    assert "accounting" in whole

    # Asked for by name, it is an error with a reason, and never passed.
    asked = observed(cli, production, "--suites", "operations,tables")
    assert (asked.code, asked.json["verdict"]) == (3, "error")
    assert "No check of suite operations can be judged here" in asked.json["error"]
    assert "requests_by_repetition" in asked.json["error"] and "service_log_lines" in asked.json["error"]
    assert "--suites" in asked.json["hint"]

    # A database of another program does not have the tables of the engine.
    with cluster.connect("production") as connection:
        connection.execute("DROP TABLE replay_ledger, service_log_lines, reject_topic_ids")
        connection.execute("UPDATE trades_data SET price = price + 1 WHERE ctid = (SELECT min(ctid) FROM trades_data)")
    wrong = observed(cli, production, "--suites", "tables,consistency,accounting")
    assert (wrong.code, wrong.json["verdict"]) == (1, "failed")
    assert "quotes_equal_the_trades" in {failure["name"] for failure in wrong.json["failures"]}
