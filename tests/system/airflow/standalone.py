"""A whole Airflow (scheduler, API server, triggerer, DAG processor) on loopback, and its REST API."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from streamproof.model.waiting import Probe, wait_until

START_TIMEOUT_SEC = 300
STOP_TIMEOUT_SEC = 90
DAG = "streamproof_run"


class Standalone:
    """`airflow standalone` in a home and session of its own.

    It is stopped by an interrupt to its first process only: a termination signal orphans the others.
    """

    def __init__(
        self,
        project: Path,
        home: Path,
        ports: tuple[int, int, int],
        env: Mapping[str, str],
        dags: tuple[str, ...] = (DAG,),
    ) -> None:
        """`dags` are those that have to be known before anything is asked of it."""
        self._dags = dags
        api, worker_logs, triggerer_logs = ports
        self.url = f"http://127.0.0.1:{api}"
        self.log = home / "standalone.log"
        home.mkdir()
        self._process: subprocess.Popen[bytes] | None = None
        self.env = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(api),
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__DAGS_FOLDER": str(project / "dags"),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PARALLELISM": "4",
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(project / "plugins"),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            # As in a deployment: all are read when it starts, and to read them again takes some 6 s of a processor.
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "30",
            "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "10",
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(triggerer_logs),
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(worker_logs),
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            # A task that its API server does not answer within 5 s fails, which on a busy machine says nothing.
            "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
            **env,
        }

    def start(self) -> None:
        """Start it and return when all its parts are healthy and the DAG is known."""
        with self.log.open("wb") as output:
            # A session of its own: started in a test's, it would begin with interrupts ignored or share ours.
            self._process = subprocess.Popen(
                [sys.executable, "-m", "airflow", "standalone"],
                env=self.env,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        wait_until(self._healthy, timeout=START_TIMEOUT_SEC, message="Airflow to be healthy", hint=str(self.log))
        wait_until(self._knows_dags, timeout=START_TIMEOUT_SEC, message="the DAGs", hint=str(self.log))

    def stop(self) -> list[str]:
        """Stop it; return the command lines of processes that it left, after killing them."""
        assert self._process is not None
        pid = self._process.pid
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(STOP_TIMEOUT_SEC)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        left = [process for process in psutil.process_iter() if _session_of(process) == pid]
        commands = [" ".join(process.cmdline()) for process in left]
        for process in left:
            process.kill()
        return commands

    def call(self, path: str, method: str = "GET", body: Any = None) -> Any:
        """Call the REST API and return its JSON."""
        request = urllib.request.Request(
            f"{self.url}/api/v2/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
            method=method,
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=30) as answer:
            return json.loads(answer.read())

    def trigger(self, conf: Mapping[str, Any], dag: str = DAG) -> str:
        """Start a run of a DAG and return its id."""
        run = self.call(f"dags/{dag}/dagRuns", "POST", {"logical_date": None, "conf": dict(conf)})
        return str(run["dag_run_id"])

    def ended(self, run_id: str, timeout: float, dag: str = DAG) -> dict[str, Any]:
        """Wait until a run has ended, and return it."""
        path = f"dags/{dag}/dagRuns/{run_id}"
        wait_until(lambda: self._ended(path), timeout=timeout, message="the DAG run to end", hint=str(self.log))
        ended: dict[str, Any] = self.call(path)
        return ended

    def run(self, conf: Mapping[str, Any], timeout: float) -> dict[str, Any]:
        """Trigger the DAG, wait until the run has ended, and return it."""
        return self.ended(self.trigger(conf), timeout)

    def task_states(self, run_id: str) -> dict[str, str]:
        """Return the state of each task of a run."""
        found = self.call(f"dags/{DAG}/dagRuns/{run_id}/taskInstances")
        return {task["task_id"]: task["state"] for task in found["task_instances"]}

    def _healthy(self) -> Probe:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError(f"Airflow ended: {self.log.read_text()[-3000:]}")
        try:
            health = self.call("monitor/health")
        except (urllib.error.URLError, OSError) as error:
            return Probe(False, str(error))
        ill = [name for name, part in health.items() if part["status"] != "healthy"]
        return Probe(not ill, ", ".join(ill))

    def _knows_dags(self) -> Probe:
        try:
            for dag in self._dags:
                self.call(f"dags/{dag}")
        except urllib.error.HTTPError as error:
            return Probe(False, f"{error}; import errors: {self.call('importErrors')['import_errors']}")
        return Probe(True)

    def _ended(self, path: str) -> Probe:
        try:
            state = self.call(path)["state"]
        except OSError as error:
            # A busy machine: it is asked again, until the time is up.
            return Probe(False, str(error))
        return Probe(state in ("success", "failed"), f"it is {state}")


def _session_of(process: psutil.Process) -> int | None:
    try:
        return os.getsid(process.pid) if process.status() != psutil.STATUS_ZOMBIE else None
    except (psutil.NoSuchProcess, ProcessLookupError):
        return None
