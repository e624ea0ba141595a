"""A project of its own for every test, and a way to call the command line in this process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from streamproof.cli.main import app

ENVIRONMENT = (
    "CH_HOST", "CH_PORT", "CH_DATABASE", "CH_USER", "CH_PASSWORD", "CH_SECURE", "KAFKA_BOOTSTRAP", "STREAMPROOF_JAVA",
    "STREAMPROOF_REDACTION_KEY", "STREAMPROOF_ARTIFACTS", "FLINK_REST", "FLINK_USER", "FLINK_PASSWORD",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command left: its exit code and its two streams."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)


@pytest.fixture
def project(tmp_path, home, monkeypatch) -> Path:
    """A project folder with the real include/ and artifacts of its own, and an environment that names nothing else."""
    (tmp_path / "include").symlink_to(home / "include")
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("STREAMPROOF_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


@pytest.fixture
def call(project):
    """Return a function that runs `streamproof` with these arguments."""

    def run(*arguments: object) -> Outcome:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return Outcome(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture
def refuses(call):
    """Return a function that runs a command that must fail: one message, one hint, no traceback; also with --json."""

    def check(*arguments: object, code: int = 2) -> str:
        plain = call(*arguments)
        assert plain.code == code, plain
        lines = plain.err.strip().splitlines()
        assert [line.partition(":")[0] for line in lines] == ["Error", "Hint"], plain.err
        assert all(line.partition(": ")[2].strip() for line in lines)
        assert "Traceback" not in plain.err + plain.out
        told = call(*arguments, "--json")
        assert told.code == code
        assert set(told.document) == {"error", "hint", "exit_code"}
        assert told.document["exit_code"] == code
        assert told.document["error"] == lines[0].removeprefix("Error: ")
        return plain.err

    return check
