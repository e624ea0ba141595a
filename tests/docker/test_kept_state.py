"""What an earlier stack of the same name left: kept, reset, or saved and reset; nothing of another one is touched."""

from __future__ import annotations

import json
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Docker
from engine import HOME

from streamproof.model.settings import WarehouseSettings
from streamproof.warehouse.clickhouse.client import connect, execute, rows

NAME = "docker-test"
PROJECT = f"sp-{NAME}"
BACKUPS = HOME / "artifacts" / "state-backups" / NAME


@pytest.fixture
def stacks(docker: Docker) -> Iterator[Docker]:
    yield docker
    docker.cli("stack", "down", NAME)
    for volume in docker.ask(
        "volume", "ls", "--quiet", "--filter", f"label=com.docker.compose.project={PROJECT}"
    ).split():
        docker.ask("volume", "rm", "--force", volume)
    shutil.rmtree(BACKUPS, ignore_errors=True)


def up(docker: Docker, *options: str) -> WarehouseSettings:
    """Bring the stack up and return its database."""
    ended = docker.cli("stack", "up", NAME, "--stack", "compose", "--json", *options)
    assert ended.returncode == 0, ended.stderr
    env = json.loads(ended.stdout)["env"]
    return WarehouseSettings(env["CH_HOST"], int(env["CH_PORT"]), env["CH_USER"], database=env["CH_DATABASE"])


def marks(settings: WarehouseSettings) -> int:
    """Return how many tables called `mark` there are."""
    client = connect(settings)
    try:
        found: int = rows(client, "SELECT count() AS n FROM system.tables WHERE name = 'mark'")[0]["n"]
    finally:
        client.close()
    return found


def test_volumes_are_kept_used_again_saved_and_removed(stacks: Docker):
    settings = up(stacks, "--keep-data")
    client = connect(settings)
    execute(client, "CREATE TABLE mark (n UInt8) ENGINE = MergeTree ORDER BY n")
    client.close()
    assert stacks.cli("stack", "down", NAME).returncode == 0
    assert sorted(stacks.left(PROJECT)) == [
        f"{PROJECT}_{part}" for part in ("clickhouse-data", "kafka-data", "processor-state")
    ]

    assert marks(up(stacks, "--keep-data")) == 1
    assert stacks.cli("stack", "down", NAME).returncode == 0

    assert marks(up(stacks, "--state", "backup-reset", "--allow-destructive")) == 0
    saved = {path.name: path for path in BACKUPS.rglob("*.tar")}
    assert f"{PROJECT}_clickhouse-data.tar" in saved
    with tarfile.open(saved[f"{PROJECT}_clickhouse-data.tar"]) as tar:
        assert any(Path(name).name == "mark.sql" for name in tar.getnames())

    assert stacks.cli("stack", "down", NAME).returncode == 0
    assert stacks.left(PROJECT) == []
