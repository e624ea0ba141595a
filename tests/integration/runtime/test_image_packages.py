"""The image of the pipeline holds the packages that its commands import."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

Processes = dict[tuple[str, ...], subprocess.Popen]

# What docker-compose.yaml runs in this image, and what it says where there is no service.
COMMANDS = {
    ("streamproof", "stack", "prepare", "--no-retention"): "Kafka does not answer",
    ("streamproof", "replay", "--topic", "events", "--manifest", "golden"): "at 127.0.0.1:1",
    ("streamproof", "dlq", "replay", "--replay-id", "again"): "Kafka does not give the offsets",
    ("pipelines.livepeer.local",): "QUALITY_DEDUP_TTL_MINUTES is 'soon'",
    ("pipelines.livepeer.health",): "there is no status file",
}


@pytest.fixture(scope="module")
def processes(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    """All of them at once, because they wait for services."""
    nowhere = {"KAFKA_BOOTSTRAP": "127.0.0.1:1", "CH_HOST": "127.0.0.1", "CH_PORT": "1", "CH_DATABASE": "livepeer"}
    wrong = {"QUALITY_DEDUP_TTL_MINUTES": "soon"}
    program = [sys.executable, "-P", str(home / "tests/support/only_packages.py")]
    started = {
        command: subprocess.Popen(
            [*program, str(home / "include/stack/processor/requirements.txt"), *command],
            cwd=home,
            env={**os.environ, **nowhere, **wrong, "STREAMPROOF_ARTIFACTS": str(tmp_path_factory.mktemp("artifacts"))},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for command in COMMANDS
    }
    yield started
    for process in started.values():
        process.kill()
        process.communicate()


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_command_of_the_image_finds_its_packages(processes: Processes, command: tuple[str, ...]) -> None:
    said, _ = processes[command].communicate(timeout=100)

    assert "ModuleNotFoundError" not in said
    assert COMMANDS[command] in said
    assert processes[command].returncode != 0, said
