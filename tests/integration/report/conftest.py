"""Two real runs of the golden fixture set, made once for all tests of what is rendered from a run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = str(Path(sys.executable).with_name("streamproof"))
TIMEOUT_SEC = 600
# One session loses its status events between the raw layer and the typed one.
BREAK = "DELETE FROM ai_stream_status WHERE stream_id = 'strm-caa1abe6'\n"


@pytest.fixture(scope="session")
def golden_runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folders of a run that passed and of one that failed, by their names. The two ran side by side."""
    folder = tmp_path_factory.mktemp("golden")
    (folder / "break.sql").write_text(BREAK, encoding="utf-8")
    artifacts = folder / "runs"
    options = {"passed": [], "failed": ["--inject", str(folder / "break.sql")]}
    environment = {**os.environ, "STREAMPROOF_ARTIFACTS": str(artifacts)}
    processes = {
        name: subprocess.Popen(
            [COMMAND, "run", "--json", "--run-id", name, *added],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name, added in options.items()
    }
    try:
        ended = {
            name: (process.communicate(timeout=TIMEOUT_SEC), process.returncode) for name, process in processes.items()
        }
    finally:
        for process in processes.values():
            if process.poll() is None:
                process.terminate()
    assert {name: code for name, (_, code) in ended.items()} == {"passed": 0, "failed": 1}, ended
    return {name: artifacts / name for name in options}


@pytest.fixture(scope="session")
def passed_run(golden_runs: dict[str, Path]) -> Path:
    """The folder of a golden run that passed; a test that writes there writes to a copy."""
    return golden_runs["passed"]


@pytest.fixture(scope="session")
def failed_run(golden_runs: dict[str, Path]) -> Path:
    """The folder of a golden run of which one session lost its typed status events."""
    return golden_runs["failed"]
