"""The environment of the Airflow interface, read when a task or callback runs, and the folders of DAG runs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from streamproof.environment import Environment

_LONGEST_RUN_ID = 48


def read_settings(environ: Mapping[str, str] | None = None) -> Environment:
    """Read the variables of this process, or the given ones. Raises UsageError that names a wrong one."""
    return Environment.read(environ)


def run_id_of(dag_run_id: str) -> str:
    """Return the streamproof run id of a DAG run, without characters that a topic or a folder may not have.

    A long id is cut, and ends in a hash, so that different DAG runs get different ids.
    """
    text = re.sub(r"[^A-Za-z0-9_.-]+", "-", dag_run_id).strip("-._") or "run"
    if len(text) > _LONGEST_RUN_ID:
        text = f"{text[: _LONGEST_RUN_ID - 9]}-{hashlib.sha256(dag_run_id.encode()).hexdigest()[:8]}"
    return text


def attempts(artifacts: Path, run_id: str) -> list[Path]:
    """Return the folders of a run id, oldest first, whichever DAG made them.

    A DAG run that is cleared and runs again gets a new one. So does the run of another DAG with the same DAG run id.
    """
    numbered = [path for path in artifacts.glob(f"{run_id}.try*") if path.suffix.removeprefix(".try").isdigit()]
    numbered.sort(key=lambda path: int(path.suffix.removeprefix(".try")))
    return [path for path in (artifacts / run_id, *numbered) if path.is_dir()]


def folders_of(artifacts: Path, dag_id: str, dag_run_id: str) -> list[Path]:
    """Return the folders of a DAG run, oldest first.

    Airflow's run ids are unique only within a DAG, so folders that another DAG has made are left out. A folder of which
    the plan names no DAG, or cannot be read, is taken for one of this DAG run.
    """
    return [folder for folder in attempts(artifacts, run_id_of(dag_run_id)) if _dag_of(folder) in ("", dag_id)]


def _dag_of(folder: Path) -> str:
    """Return the DAG that made a run, '' if its plan does not say."""
    try:
        plan: Any = orjson.loads((folder / "plan.json").read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return ""
    return str(plan.get("dag_id") or "") if isinstance(plan, dict) else ""
