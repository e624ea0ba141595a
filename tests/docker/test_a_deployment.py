"""docs/deployment.md, followed: `docker compose up -d`, feed it, look at it, take it down."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Docker
from deployment import PASSWORD, Deployment
from engine import HOME, run

from streamproof.model.waiting import Probe, wait_until
from streamproof.warehouse.clickhouse.client import connect, rows
from streamproof.warehouse.clickhouse.servers.run_log import log_run

GUIDE = HOME / "docs" / "deployment.md"
DASHBOARDS = sorted((HOME / "include" / "stack" / "grafana" / "dashboards").glob("*.json"))


@pytest.fixture(scope="module")
def deployment(docker_env: dict[str, str]) -> Iterator[Deployment]:
    up = Deployment("sp-deployment", docker_env, {"COMPOSE_PROFILES": "core"})
    try:
        up.compose("up", "--detach")
        yield up
    finally:
        up.down()


@pytest.fixture(scope="module")
def fed(deployment: Deployment) -> Deployment:
    """The deployment with the golden set replayed into it."""
    deployment.compose("--profile", "replay", "run", "--rm", "replay")
    client = connect(deployment.warehouse)
    try:

        def look() -> Probe:
            found = rows(client, "SELECT count() AS n FROM v_latest_sessions")[0]["n"]
            return Probe(found == 19, f"19 sessions, {found} are there")

        wait_until(look, timeout=60, message="the sessions of the golden set", hint="")
    finally:
        client.close()
    return deployment


def test_dead_letters_are_looked_at_by_the_service_that_replays_them(fed: Deployment):
    """The golden set has one. The variables of the service name topics and window."""
    command = ("python", "-m", "streamproof", "dlq", "replay", "--dry-run", "--json")
    window = ("--env", "REPLAY_START_EPOCH_MS=1772000000000", "--env", "REPLAY_END_EPOCH_MS=1772500000000")
    plan = json.loads(fed.compose("--profile", "replay", "run", "--rm", *window, "dlq-replay", *command))["plan"]
    assert (plan["read"], plan["selected"]) == (1, 1)
    assert plan["request"]["start_ms"] == 1772000000000
    assert plan["output_topic"] == "streaming_events"


def test_the_processor_becomes_healthy(deployment: Deployment):
    def look() -> Probe:
        states = [json.loads(line) for line in deployment.compose("ps", "--format", "json").splitlines()]
        health = {state["Service"]: state["Health"] for state in states}
        return Probe(health == dict.fromkeys(("kafka", "clickhouse", "processor"), "healthy"), str(health))

    wait_until(look, timeout=120, message="the health of all services", hint="")


def test_preparing_again_changes_nothing(fed: Deployment):
    said = fed.compose("run", "--rm", "prepare")
    assert "0 migrations applied. Topics made: none, all were there." in " ".join(said.split())


def test_the_guide_proves_it_as_written(fed: Deployment, docker: Docker):
    """Section 3, word for word but for the ports; the password comes from the environment, as it must."""
    section = GUIDE.read_text().partition("## 3. Prove it")[2].partition("\n## ")[0]
    commands = "\n".join(re.findall(r"```sh\n(.*?)```", section, re.DOTALL))
    for port, variable in (("CH_PORT=8123", "CLICKHOUSE_HTTP_PORT"), ("BOOTSTRAP=127.0.0.1:9092", "KAFKA_PORT")):
        assert port in commands
        commands = commands.replace(port, f"{port[:-4]}{fed.ports[variable]}")
    path = f"{Path(sys.executable).parent}{os.pathsep}{docker.env['PATH']}"
    environment = {"PATH": path, "CH_PASSWORD": PASSWORD, "STREAMPROOF_ARTIFACTS": str(docker.artifacts)}

    run("bash", "-eu", "-c", commands, env={**docker.env, **environment})

    ended = [json.loads(file.read_text()) for file in docker.artifacts.glob("*/summary.json")]
    assert sorted((summary["mode"], summary["verdict"]) for summary in ended) == [
        ("full", "passed"),
        ("observe", "passed"),
    ]


@pytest.mark.parametrize("path", DASHBOARDS, ids=[path.stem for path in DASHBOARDS])
def test_every_panel_of_a_dashboard_can_be_drawn(fed: Deployment, path: Path, docker: Docker):
    summary = json.loads((Path(__file__).parent / "a_summary.json").read_text())
    log_run(fed.warehouse, summary)
    log_run(fed.warehouse, summary)
    client = connect(fed.warehouse)
    empty = []
    try:
        for panel in json.loads(path.read_text())["panels"]:
            sql = panel["targets"][0]["rawSql"]
            sql = re.sub(r"\$__fromTime", "toDateTime('2026-01-01', 'UTC')", sql)
            found = rows(client, re.sub(r"\$__toTime", "toDateTime('2099-01-01', 'UTC')", sql))
            if not found:
                empty.append(panel["title"])
            assert panel["type"] != "timeseries" or all("time" in row for row in found), panel["title"]
        logged = rows(client, "SELECT count() AS n FROM streamproof.runs FINAL")
    finally:
        client.close()
    assert empty == []
    assert logged == [{"n": 1}]
