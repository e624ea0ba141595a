"""Whole runs by the command line, each in a folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

COMMAND = str(Path(sys.executable).with_name("streamproof"))
TIMEOUT_SEC = 300


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> dict[str, Any]:
        """Its one JSON document."""
        document: dict[str, Any] = json.loads(self.stdout)
        return document


@dataclass(frozen=True)
class Cli:
    """The command line with artifacts under a test's own folder."""

    artifacts: Path
    environment: dict[str, str]

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start a command."""
        return subprocess.Popen(
            [COMMAND, *arguments],
            env={**self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *arguments: str, timeout_sec: float = TIMEOUT_SEC, **environment: str) -> Ended:
        """Run a command to its end."""
        process = self.start(*arguments, **environment)
        out, err = process.communicate(timeout=timeout_sec)
        return Ended(process.returncode, out, err)

    def run(self, *arguments: str, **environment: str) -> Ended:
        """Run `streamproof run --json`."""
        return self("run", "--json", *arguments, **environment)

    def folder(self, summary: dict[str, Any]) -> Path:
        """The folder of a run."""
        return self.artifacts / str(summary["run_id"])


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[Cli]:
    """The command line; afterwards no process may hold anything of the test's folder."""
    artifacts = tmp_path / "runs"
    yield Cli(artifacts, {**os.environ, "STREAMPROOF_ARTIFACTS": str(artifacts)})
    assert processes_of(tmp_path) == []


def processes_of(folder: Path) -> list[str]:
    """Every process whose command line or working folder names `folder`."""
    found = []
    for process in psutil.process_iter():
        try:
            words = " ".join(process.cmdline())
            if str(folder) in words or str(folder) in process.cwd():
                found.append(f"{process.pid} {words}")
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


@pytest.fixture
def no_process_of() -> Callable[[Path], list[str]]:
    """The function that lists what still runs for a folder."""
    return processes_of
