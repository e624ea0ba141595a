"""What the Airflow face takes from the environment, read when a task or callback runs; and the folders of DAG runs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from streamproof.environment import Environment

_LONGEST_RUN_ID = 48


def read_settings(environ: Mapping[str, str] | None = None) -> Environment:
    """Read the variables of this process, or those given. Raises UsageError naming the one that is wrong."""
    return Environment.read(environ)


def run_id_of(dag_run_id: str) -> str:
    """Return the streamproof run id of a DAG run: the same characters where a topic and a folder may have them.

    An id that is too long keeps its beginning and ends in a hash, so that two of them never become one.
    """
    text = re.sub(r"[^A-Za-z0-9_.-]+", "-", dag_run_id).strip("-._") or "run"
    if len(text) > _LONGEST_RUN_ID:
        text = f"{text[: _LONGEST_RUN_ID - 9]}-{hashlib.sha256(dag_run_id.encode()).hexdigest()[:8]}"
    return text


def attempts(artifacts: Path, run_id: str) -> list[Path]:
    """Return the folders of a run id, oldest first: a DAG run that is cleared and run again gets a new one."""
    numbered = [path for path in artifacts.glob(f"{run_id}.try*") if path.suffix.removeprefix(".try").isdigit()]
    numbered.sort(key=lambda path: int(path.suffix.removeprefix(".try")))
    return [path for path in (artifacts / run_id, *numbered) if path.is_dir()]
