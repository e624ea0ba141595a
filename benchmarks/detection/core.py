"""The processor's core in a fresh process, from a copy of its package in which one file may be another one."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.detection.mutants import Mutant

# The output for one set: columns and rows (lines of JSON) by table, and the envelopes for the reject topics.
Rows = Mapping[str, tuple[tuple[str, ...], list[bytes]]]


@dataclass(frozen=True, slots=True)
class Output:
    """The output of the core for one set."""

    rows: Rows
    rejects: list[tuple[str, bytes]]

    def same_as(self, other: Output) -> bool:
        """Return whether both have the same rows, in any order."""
        return _sorted(self.rows) == _sorted(other.rows)


def _sorted(rows: Rows) -> dict[str, tuple[tuple[str, ...], list[bytes]]]:
    return {table: (columns, sorted(lines)) for table, (columns, lines) in rows.items() if lines}


class CoreError(Exception):
    """The core failed or exceeded its time limit. The message is one line."""


class Core:
    """A copy of the package `pipelines` and a way to run it over recorded sets."""

    def __init__(self, include: Path, scratch: Path, sets: Mapping[str, Sequence[Any]], start_ms: int) -> None:
        """Copy the package. `sets`: batches of records by set; `start_ms`: processing time of the first, epoch ms."""
        self._overlay = scratch / "overlay"
        self._home = include.parent
        shutil.copytree(
            include / "pipelines", self._overlay / "pipelines", ignore=shutil.ignore_patterns("__pycache__")
        )
        self._given, self._found = scratch / "sets.pickle", scratch / "rows.pickle"
        self._given.write_bytes(pickle.dumps({"sets": dict(sets), "start_ms": start_ms}))

    def run(self, mutant: Mutant | None, *, timeout: float) -> dict[str, Output]:
        """Run a mutant, or the code as it is; `timeout` is in seconds. Raises CoreError."""
        file = self._overlay / mutant.path if mutant else None
        if file and mutant:
            file.write_text(mutant.mutated, encoding="utf-8")
        try:
            return self._run(timeout)
        finally:
            if file and mutant:
                file.write_text(mutant.original, encoding="utf-8")

    def _run(self, timeout: float) -> dict[str, Output]:
        self._found.unlink(missing_ok=True)
        # Cached bytecode is identified by the source's size and second: two mutants of one second could be confused.
        environ = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(self._overlay), str(self._home)]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONHASHSEED": "0",
        }
        command = [sys.executable, "-m", "benchmarks.detection.core_run", str(self._given), str(self._found)]
        try:
            done = subprocess.run(
                command, cwd=self._overlay, env=environ, capture_output=True, text=True, timeout=timeout, check=False
            )
        except subprocess.TimeoutExpired:
            raise CoreError(f"no end within {timeout:.0f} s") from None
        if done.returncode != 0:
            raise CoreError((done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1][:200])
        found = pickle.loads(self._found.read_bytes())
        return {name: Output(one["rows"], one["rejects"]) for name, one in found.items()}
