"""One engine, one Compose and one set of images for all tests on Docker; see engine.py."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from engine import HOME, engine, run, with_compose, with_images

COMMAND = str(Path(sys.executable).with_name("streamproof"))
TIMEOUT_SEC = 600


@dataclass(frozen=True)
class Docker:
    """The engine with its images, and the CLI with artifacts in a folder of the test's own."""

    env: dict[str, str]
    artifacts: Path

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start `streamproof`."""
        return subprocess.Popen(
            [COMMAND, *arguments],
            env={**self.env, "STREAMPROOF_ARTIFACTS": str(self.artifacts), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def cli(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run `streamproof` to its end."""
        process = self.start(*arguments, **environment)
        out, err = process.communicate(timeout=TIMEOUT_SEC)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def ask(self, *arguments: str) -> str:
        """Return what `docker` says."""
        return run("docker", *arguments, env=self.env).stdout.strip()

    def left(self, project: str) -> list[str]:
        """Return containers, volumes and networks of a project that are still there."""
        label = f"label=com.docker.compose.project={project}"
        kinds = (("ps", "--all", "--quiet"), ("volume", "ls", "--quiet"), ("network", "ls", "--quiet"))
        return [line for kind in kinds for line in self.ask(*kind, "--filter", label).split()]

    def summary(self, run_id: str) -> dict[str, Any]:
        """Return a run's summary."""
        found: dict[str, Any] = json.loads((self.artifacts / run_id / "summary.json").read_text())
        return found


@pytest.fixture(scope="session")
def docker_cache(cache_dir: Path) -> Path:
    """What the engine and the tools keep between two rounds of tests."""
    return cache_dir / "docker"


@pytest.fixture(scope="session")
def docker_env(docker_cache: Path, cache_dir: Path) -> Iterator[dict[str, str]]:
    """An engine that answers, Compose v2, and images."""
    with engine(docker_cache) as env:
        yield with_images(with_compose(env, docker_cache), docker_cache, cache_dir)


@pytest.fixture
def docker(docker_env: dict[str, str], tmp_path: Path) -> Docker:
    """The engine for one test."""
    return Docker(docker_env, tmp_path / "runs")


@pytest.fixture(scope="session")
def project_home() -> Path:
    """The project folder."""
    return HOME
