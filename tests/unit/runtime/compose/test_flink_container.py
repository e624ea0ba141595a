"""Flink in containers: what its image fetches, and that it is configured as a local stack's Flink is."""

from __future__ import annotations

import hashlib
import runpy
from pathlib import Path

import pytest
import yaml

from streamproof.runtime.compose.published import compose_ports
from streamproof.runtime.flink_home import flink_version
from streamproof.runtime.stack_spec import StackSpec

# What is about containers and a deployment that stays: addresses, folders, sizes and the time between checkpoints.
OWN = (
    "jobmanager.", "rest.", "taskmanager.", "execution.checkpointing.dir", "execution.checkpointing.savepoint-dir",
    "execution.checkpointing.interval", "web.upload.dir", "python.executable", "python.client.executable",
    "env.java.opts.all",
)  # fmt: skip


@pytest.fixture
def files(home: Path) -> Path:
    return home / "include/stack/flink"


@pytest.fixture
def fetch(files: Path, monkeypatch: pytest.MonkeyPatch):
    """The program of the image, on a repository in a folder."""

    def run(lock: Path, target: Path, repository: Path) -> None:
        monkeypatch.setattr("sys.argv", ["fetch_jars.py", str(lock), str(target), repository.as_uri()])
        runpy.run_path(str(files / "fetch_jars.py"), run_name="__main__")

    return run


def test_the_image_takes_the_jars_of_the_lock_file_and_no_others(fetch, tmp_path):
    jar = tmp_path / "maven/org/example/one/1.0/one-1.0.jar"
    jar.parent.mkdir(parents=True)
    jar.write_bytes(b"a jar")
    lock = tmp_path / "jars.lock"
    lock.write_text(f"# a comment\norg.example:one:1.0 {hashlib.sha256(b'a jar').hexdigest()}\n")

    fetch(lock, tmp_path / "jars", tmp_path / "maven")
    assert [path.name for path in (tmp_path / "jars").iterdir()] == ["one-1.0.jar"]

    jar.write_bytes(b"another jar")
    with pytest.raises(SystemExit, match=r"org.example:one:1.0 is not what jars.lock says"):
        fetch(lock, tmp_path / "others", tmp_path / "maven")
    assert not list((tmp_path / "others").iterdir())


def test_containers_are_configured_as_a_local_stack_is(files):
    template = (files / "config.yaml.j2").read_text()
    here = dict(line.split(": ", 1) for line in template.splitlines() if ": " in line and line[0] not in "#{")
    there = yaml.safe_load((files / "container.yaml").read_text())

    shared = {name: str(value) for name, value in there.items() if not name.startswith(OWN)}
    assert shared == {name: here.get(name) for name in shared}
    assert len(shared) >= 10
    assert there["taskmanager.numberOfTaskSlots"] == int(here["taskmanager.numberOfTaskSlots"])


def test_image_and_packages_are_of_one_version(home):
    compose = (home / "docker-compose.yaml").read_text()
    dockerfile = (home / "include/stack/flink/Dockerfile").read_text()
    assert f"${{FLINK_IMAGE:-flink:{flink_version(home)}-" in compose
    assert f"ARG FLINK_IMAGE=flink:{flink_version(home)}-" in dockerfile


def test_a_run_publishes_the_rest_interface_on_a_port_of_its_own():
    spec = StackSpec("t", "/f", "/c", "/h")
    assert compose_ports(spec, ("kafka", "flink-jobmanager", "flink-taskmanager")) == {"kafka": 0, "flink_rest": 0}
