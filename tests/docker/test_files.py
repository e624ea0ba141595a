"""The files themselves: every profile is valid, every image is pinned, every variable is explained."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from engine import run

from streamproof.runtime.compose.cli import find_compose

PROFILES = ("core", "flink", "airflow", "observability", "mail", "replay", "*")
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


def test_our_dockerfiles_pin_their_base_and_drop_root(project_home: Path):
    files = sorted((project_home / "include" / "stack").glob("*/Dockerfile"))
    assert [file.parent.name for file in files] == ["airflow", "flink", "processor"]
    for file in files:
        text = file.read_text()
        assert PINNED.match(re.search(r"^ARG PYTHON_IMAGE=(.*)$", text, re.MULTILINE)[1]), file
        bases = set(re.findall(r"^FROM (\S+)", text, re.MULTILINE))
        assert bases == {"${PYTHON_IMAGE}", *(["${FLINK_IMAGE}"] if file.parent.name == "flink" else [])}, file
        assert re.findall(r"^USER (\S+)$", text, re.MULTILINE) == ["10001:10001"], file


def test_the_airflow_image_is_installed_with_the_same_uv_as_the_environment(project_home: Path):
    pinned = re.search(r"^uv==([\d.]+)", (project_home / "requirements.txt").read_text(), re.MULTILINE)[1]
    assert f"ARG UV_VERSION={pinned}\n" in (project_home / "include" / "stack" / "airflow" / "Dockerfile").read_text()


def test_every_variable_is_explained_with_its_default(project_home: Path):
    used = dict(re.findall(r"\$\{(\w+):?-([^}]*)\}", (project_home / "docker-compose.yaml").read_text()))
    explained = dict(re.findall(r"^(\w+)=(.*)$", (project_home / ".env.template").read_text(), re.MULTILINE))

    assert explained.pop("COMPOSE_PROFILES") == "core"
    assert explained == used


def test_services_of_packs_are_services_of_the_file(project_home: Path):
    known = set(yaml.safe_load((project_home / "docker-compose.yaml").read_text())["services"])
    for file in (project_home / "include" / "packs").glob("*/pack.yaml"):
        services = yaml.safe_load(file.read_text()).get("services", {})
        named = {
            *services.get("every_run", ()),
            *(name for more in services.get("suites", {}).values() for name in more),
        }
        assert named <= known, file
