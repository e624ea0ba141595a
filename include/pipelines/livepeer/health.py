"""The container's health check: `python -m pipelines.livepeer.health` exits with 0 when the job is running.

It reads the status file that PROCESSOR_STATUS_FILE names.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import orjson

from pipelines.livepeer.status_file import RUNNING


def problem(environment: Mapping[str, str]) -> str | None:
    """Return why the job is not healthy, None when it is."""
    path = Path(environment.get("PROCESSOR_STATUS_FILE", ""))
    if not path.is_file():
        return f"there is no status file '{path}'"
    try:
        state = orjson.loads(path.read_bytes()).get("state")
    except orjson.JSONDecodeError as error:
        return f"{path} is not JSON: {error}"
    return None if state == RUNNING else f"the job is {state}"


def main() -> int:
    """Print the problem, if there is one, and return the exit code."""
    found = problem(os.environ)
    if found:
        sys.stderr.write(f"{found}\n")
    return int(found is not None)


if __name__ == "__main__":
    sys.exit(main())
