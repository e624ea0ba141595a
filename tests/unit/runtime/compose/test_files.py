"""The files of the Compose stack: images are pinned, every variable is explained, packs name services that exist."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

HOME = Path(__file__).resolve().parents[4]
PINNED = re.compile(r".+:v?\d+(\.\d+)+[\w.+-]*$")


def test_our_dockerfiles_pin_their_base_and_drop_root():
    files = sorted((HOME / "include" / "stack").glob("*/Dockerfile"))
    assert [file.parent.name for file in files] == ["airflow", "flink", "processor"]
    for file in files:
        text = file.read_text()
        assert PINNED.match(re.search(r"^ARG PYTHON_IMAGE=(.*)$", text, re.MULTILINE)[1]), file
        bases = set(re.findall(r"^FROM (\S+)", text, re.MULTILINE))
        assert bases == {"${PYTHON_IMAGE}", *(["${FLINK_IMAGE}"] if file.parent.name == "flink" else [])}, file
        assert re.findall(r"^USER (\S+)$", text, re.MULTILINE) == ["10001:10001"], file


def test_the_airflow_image_is_installed_with_the_same_uv_as_the_environment():
    pinned = re.search(r"^uv==([\d.]+)", (HOME / "requirements.txt").read_text(), re.MULTILINE)[1]
    assert f"ARG UV_VERSION={pinned}\n" in (HOME / "include" / "stack" / "airflow" / "Dockerfile").read_text()


def test_every_variable_is_explained_with_its_default():
    used = dict(re.findall(r"\$\{(\w+):?-([^}]*)\}", (HOME / "docker-compose.yaml").read_text()))
    explained = dict(re.findall(r"^(\w+)=(.*)$", (HOME / ".env.template").read_text(), re.MULTILINE))

    assert explained.pop("COMPOSE_PROFILES") == "core"
    assert explained == used


def test_services_of_packs_are_services_of_the_file():
    known = set(yaml.safe_load((HOME / "docker-compose.yaml").read_text())["services"])
    for file in (HOME / "include" / "packs").glob("*/pack.yaml"):
        services = yaml.safe_load(file.read_text()).get("services", {})
        named = {
            *services.get("every_run", ()),
            *(name for more in services.get("suites", {}).values() for name in more),
        }
        assert named <= known, file
