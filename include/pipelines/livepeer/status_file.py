"""The status file of a running job. The health check and the harness read it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

STARTING, RUNNING, STOPPED, FAILED = "starting", "running", "stopped", "failed"


class StatusFile:
    """Writes the status as JSON. Each write replaces the file, so that a reader never sees half. None: no file."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)

    def write(self, state: str, facts: Mapping[str, Any]) -> None:
        """Replace the file's content: the process id, the state, and the facts given."""
        if self._path is None:
            return
        fresh = self._path.with_name(f"{self._path.name}.{os.getpid()}.new")
        fresh.write_bytes(orjson.dumps({"pid": os.getpid(), "state": state, **facts}))
        fresh.replace(self._path)
