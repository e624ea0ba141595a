"""What the Airflow face takes from the environment: plain values, read when a task or callback runs."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from streamproof.model.stack import ProcessIdentity

NIGHTLY = "0 3 * * *"
WEEKLY = "0 5 * * 0"
_LONGEST_RUN_ID = 48


@dataclass(frozen=True, slots=True)
class FaceSettings:
    """Where the project, its artifacts and its cache are, and who is told when a run does not pass.

    `owner` is the process that a run's stack must not outlive; only a run inside one process has one.
    `alert_to` are mail addresses; `smtp_conn_id`, `clickhouse_conn_id` and `kafka_conn_id` are Airflow connections;
    `kafka_from_clickhouse` is where ClickHouse finds the brokers, '' where everybody does. `schedule` and
    `prove_schedule` are cron lines in UTC, or None. `stack` is the stack of scheduled runs; `docker_host` and
    `compose_files` are those of stack `compose`. `run_log_conn_id` is the connection of the warehouse that keeps the
    log of runs, None for none.
    """

    home: Path
    artifacts: Path
    cache_dir: Path
    java: str | None
    owner: ProcessIdentity | None
    alert_to: tuple[str, ...]
    smtp_conn_id: str
    schedule: str | None
    prove_schedule: str | None
    clickhouse_conn_id: str = "clickhouse_default"
    kafka_conn_id: str = "kafka_default"
    kafka_from_clickhouse: str = ""
    stack: str = "local"
    docker_host: str | None = None
    compose_files: tuple[str, ...] = ()
    run_log_conn_id: str | None = None


def read_settings(environ: Mapping[str, str] | None = None) -> FaceSettings:
    """Read STREAMPROOF_HOME, _ARTIFACTS, _JAVA, _OWNER (`pid start-time`), _ALERT_TO, connections and both schedules.

    The connections are _SMTP_CONN_ID, _CLICKHOUSE_CONN_ID and _KAFKA_CONN_ID; KAFKA_BOOTSTRAP_FROM_CLICKHOUSE too.
    _STACK is where scheduled runs have their services; DOCKER_HOST and COMPOSE_FILE are Docker's.
    _RUN_LOG_CONN_ID is the connection of the warehouse that keeps the log of runs.

    The schedules are _SCHEDULE (nightly) and _PROVE_SCHEDULE (weekly): another cron line, or `none`. The home defaults
    to the project that this package is installed from, the cache is `$XDG_CACHE_HOME/streamproof`. Addresses are
    separated by commas.
    """
    given = os.environ if environ is None else environ
    home = Path(given.get("STREAMPROOF_HOME") or Path(__file__).resolve().parents[3]).expanduser().absolute()
    artifacts = Path(given.get("STREAMPROOF_ARTIFACTS") or home / "artifacts" / "test-runs")
    cache_home = Path(given.get("XDG_CACHE_HOME") or "~/.cache").expanduser().absolute()
    owner = given.get("STREAMPROOF_OWNER", "").split()
    return FaceSettings(
        home=home,
        artifacts=artifacts.expanduser().absolute(),
        cache_dir=cache_home / "streamproof",
        java=given.get("STREAMPROOF_JAVA") or None,
        owner=ProcessIdentity(int(owner[0]), float(owner[1])) if owner else None,
        alert_to=tuple(part.strip() for part in given.get("STREAMPROOF_ALERT_TO", "").split(",") if part.strip()),
        smtp_conn_id=given.get("STREAMPROOF_SMTP_CONN_ID") or "smtp_default",
        schedule=_cron(given.get("STREAMPROOF_SCHEDULE") or NIGHTLY),
        prove_schedule=_cron(given.get("STREAMPROOF_PROVE_SCHEDULE") or WEEKLY),
        clickhouse_conn_id=given.get("STREAMPROOF_CLICKHOUSE_CONN_ID") or "clickhouse_default",
        kafka_conn_id=given.get("STREAMPROOF_KAFKA_CONN_ID") or "kafka_default",
        kafka_from_clickhouse=given.get("KAFKA_BOOTSTRAP_FROM_CLICKHOUSE", ""),
        stack=given.get("STREAMPROOF_STACK") or "local",
        docker_host=given.get("DOCKER_HOST") or None,
        compose_files=tuple(file for file in given.get("COMPOSE_FILE", "").split(os.pathsep) if file),
        run_log_conn_id=given.get("STREAMPROOF_RUN_LOG_CONN_ID") or None,
    )


def _cron(given: str) -> str | None:
    return None if given == "none" else given


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
