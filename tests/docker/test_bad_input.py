"""What can go wrong on Docker: one message that names the service and what to do, and nothing left behind."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest
from conftest import Docker

CASES = json.loads((Path(__file__).parent / "broken_services.json").read_text())


def start_broken(docker: Docker, tmp_path: Path, services: dict[str, object]) -> str:
    override = tmp_path / "broken.yaml"
    override.write_text(json.dumps({"services": services}))
    files = os.pathsep.join([docker.env["COMPOSE_FILE"], str(override)])
    ended = docker.cli("run", "--stack", "compose", "--run-id", "broken", COMPOSE_FILE=files)
    assert ended.returncode == 3
    assert docker.summary("broken")["verdict"] == "error"
    return " ".join((ended.stderr + ended.stdout).split())


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_service_that_does_not_come_up_is_named(docker: Docker, tmp_path: Path, case: dict):
    said = start_broken(docker, tmp_path, case["services"])

    for part in case["says"]:
        assert part in said, said
    assert docker.left("sp-broken") == []


def test_a_port_that_is_taken_is_named(docker: Docker, tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = start_broken(docker, tmp_path, {"kafka": {"ports": [f"127.0.0.1:{port}:9999"]}})

    assert f"Port {port} is taken" in said
    assert docker.left("sp-broken") == []


def test_without_an_engine_it_says_so(docker: Docker):
    ended = docker.cli("run", "--stack", "compose", "--run-id", "none", DOCKER_HOST="unix:///nowhere/docker.sock")

    assert ended.returncode == 3
    assert "No Docker engine answers at unix:///nowhere/docker.sock" in " ".join((ended.stderr + ended.stdout).split())
