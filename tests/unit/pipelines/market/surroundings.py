"""The pipeline with its surroundings: run it in this process, and look at what it stored."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.market import main

from .cluster import USER, Cluster
from .gateway import KEY, Gateway


@dataclass
class Market:
    """`folder` gets downloads and the quarantine; `files` is the set that is served. `errors` is the last run's log."""

    gateway: Gateway
    cluster: Cluster
    database: str
    folder: Path
    files: Path
    errors: str = ""
    totals: dict = field(default_factory=dict)

    def run(self, *arguments: str, code: int = 0, **environment: str) -> dict:
        """Run the program, require its exit code and return its JSON object."""
        settings = {
            "DATABENTO_API_KEY": KEY,
            "DATABENTO_GATEWAY": self.gateway.url,
            "MARKET_WORK_DIR": str(self.folder / "work"),
            "MARKET_QUARANTINE_DIR": str(self.folder / "dlq"),
            "MARKET_BACKOFF_SECONDS": "0.01",
            "MARKET_ATTEMPTS": "3",
        } | environment
        output, errors = io.StringIO(), io.StringIO()
        with redirect_stdout(output), redirect_stderr(errors):
            found = main.run(["ingest", "--api", "databento", *arguments], settings)
        self.errors = errors.getvalue()
        assert found == code, self.errors
        # Nothing half-done is left, whatever happened.
        assert not list(self.folder.rglob("*.part"))
        return json.loads(output.getvalue()) if code == 0 else {}

    def run_set(self, *arguments: str, code: int = 0, **environment: str) -> dict:
        """Run the job of the set that is served."""
        job = ("--job", "fixture_set", "--config", str(self.files / "job.yaml"))
        return self.run(*job, *arguments, code=code, **environment)

    def run_trades(self, *arguments: str, code: int = 0, **environment: str) -> dict:
        """Fetch the trades of one day: one chunk."""
        request = ("--dataset", "GLBX.MDP3", "--schema", "trades", "--symbols", "ES.c.0,CL.c.0")
        days = ("--start-date", "2024-01-15", "--end-date", "2024-01-15")
        return self.run(*request, *days, *arguments, code=code, **environment)

    def rows(self, query: str) -> list[tuple]:
        with self.cluster.connect(self.database) as connection:
            return connection.execute(query).fetchall()

    def value(self, query: str) -> object:
        return self.rows(query)[0][0]

    def execute(self, statement: str) -> None:
        with self.cluster.connect(self.database) as connection:
            connection.execute(statement)


def variables(gateway: Gateway, cluster: Cluster, database: str) -> dict[str, str]:
    """Return what the libraries read from the environment."""
    return {
        "REQUESTS_CA_BUNDLE": str(gateway.ca_file),
        "PGHOST": "127.0.0.1",
        "PGPORT": str(cluster.port),
        "PGDATABASE": database,
        "PGUSER": USER,
        "PGPASSWORD": cluster.password,
    }
