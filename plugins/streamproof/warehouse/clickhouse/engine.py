"""Run a child process with the engine of the wheel `chdb-core`, which needs no server."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import orjson

from streamproof.model.errors import WarehouseError


def run_engine(module: str, document: Mapping[str, Any], *, doing: str, timeout_sec: float) -> Any:
    """Run a module that reads a JSON document from its standard input, and return the document that it writes.

    `doing` completes "The engine that …" in errors. Raises WarehouseError when the engine cannot be used.
    """
    command = [sys.executable, "-m", module]
    try:
        child = subprocess.run(
            command, input=orjson.dumps(document), capture_output=True, timeout=timeout_sec, check=False
        )
    except subprocess.TimeoutExpired:
        raise WarehouseError(
            f"The engine that {doing} gave no answer within {timeout_sec:g} s.", hint="Is the machine very busy?"
        ) from None
    if child.returncode:
        said = child.stderr.decode(errors="replace").strip().splitlines()
        raise WarehouseError(
            f"The engine that {doing} ended with {child.returncode}: {said[-1] if said else 'it said nothing'}",
            hint="Is the package chdb-core installed? `make setup` installs it.",
        )
    return orjson.loads(child.stdout)
