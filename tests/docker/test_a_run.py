"""Whole runs on a real Docker engine: they pass, they end as an error that names the culprit, they leave nothing."""

from __future__ import annotations

import json
import os
import signal

import orjson
import pytest
from conftest import TIMEOUT_SEC, Docker

from streamproof.model.formats.json_data import from_json
from streamproof.model.stack import StackState
from streamproof.model.waiting import Probe, wait_until
from streamproof.runtime.compose.engine import Engine

SERVICES = {"kafka", "clickhouse", "processor"}


def test_the_golden_set_passes_every_check(docker: Docker):
    ended = docker.cli("run", "--stack", "compose", "--run-id", "golden", "--json")

    summary = json.loads(ended.stdout)
    assert (ended.returncode, summary["verdict"]) == (0, "passed"), ended.stderr
    assert summary["stack"]["name"] == "compose"
    assert summary["checks"]["total"] > 100
    assert {path.stem for path in (docker.artifacts / "golden" / "stack" / "logs").glob("*.log")} >= SERVICES
    described = orjson.loads((docker.artifacts / "golden" / "stack" / "containers.json").read_bytes())
    assert {container["service"] for container in described} == SERVICES
    assert all(container["memory_bytes"] > 0 for container in described)
    assert docker.left("sp-golden") == []


@pytest.mark.parametrize("service", ["clickhouse", "kafka", "processor"])
def test_a_killed_container_ends_the_run_as_an_error_that_names_it(docker: Docker, service: str):
    run_id = f"killed-{service}"
    process = docker.start("run", "--stack", "compose", "--run-id", run_id, "--json")
    state_file = docker.artifacts / run_id / "stack" / "state.json"

    def look() -> Probe:
        assert process.poll() is None, process.communicate()
        state = from_json(StackState, orjson.loads(state_file.read_bytes())) if state_file.exists() else None
        return Probe(state is not None and state.status == "ready", "a stack that is ready")

    wait_until(look, timeout=TIMEOUT_SEC, message="the stack", hint="")
    Engine.open(f"sp-{run_id}", docker.env.get("DOCKER_HOST"), docker.env).kill(service)
    out, err = process.communicate(timeout=TIMEOUT_SEC)

    summary = json.loads(out)
    assert (process.returncode, summary["verdict"]) == (3, "error"), err
    errors = [result["error"] for result in summary["results"] if result["error"]]
    assert any(f"Service {service} was killed by signal 9" in error for error in errors), errors
    assert docker.left(f"sp-{run_id}") == []


def test_containers_of_a_killed_supervisor_are_removed_later(docker: Docker):
    ended = docker.cli("run", "--stack", "compose", "--run-id", "orphan", "--keep-stack", "--suites", "raw_typed")
    assert ended.returncode == 0, ended.stderr
    folder = docker.artifacts / "orphan" / "stack"
    state = from_json(StackState, orjson.loads((folder / "state.json").read_bytes()))
    os.kill(state.supervisor.pid, signal.SIGKILL)
    assert docker.left("sp-orphan") != []

    assert docker.cli("stack", "down", "orphan").returncode == 0
    assert docker.left("sp-orphan") == []
