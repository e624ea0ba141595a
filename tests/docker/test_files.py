"""Compose's own reading of the file: every profile is valid, every image is pinned."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from engine import run

from streamproof.runtime.compose.cli import find_compose

PROFILES = ("core", "timescaledb", "flink", "airflow", "observability", "mail", "replay", "*")
PINNED = re.compile(r".+:v?\d+(\.\d+)+[\w.+-]*$")


def configuration(env: dict[str, str], home: Path, profile: str) -> dict:
    plain = {name: value for name, value in env.items() if not name.startswith("COMPOSE_")}
    options = ["--file", str(home / "docker-compose.yaml"), "--env-file", str(home / ".env.template")]
    said = run(*find_compose(env), *options, "--profile", profile, "config", "--format", "json", env=plain)
    found: dict = json.loads(said.stdout)
    return found


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_is_valid_and_starts_something(docker_env: dict[str, str], project_home: Path, profile: str):
    assert configuration(docker_env, project_home, profile)["services"]


def test_images_are_pinned_ports_are_loopback_and_nobody_is_root(docker_env: dict[str, str], project_home: Path):
    services = configuration(docker_env, project_home, "*")["services"]

    assert len(services) >= 12
    for name, service in services.items():
        assert PINNED.match(service["image"]), f"{name}: {service['image']} is not pinned"
        assert all(port["host_ip"] == "127.0.0.1" for port in service.get("ports", ())), name
        # Our own images and apache/kafka have a user that is not root; the others are given one.
        assert "build" in service or name in ("kafka", "kafka-ui") or service["user"].split(":")[0] != "0", name
        assert service.get("healthcheck") or service["restart"] == "no", f"{name} has no health check"
