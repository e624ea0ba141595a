"""A second API server of an Airflow, to which users have to log in, and requests by those users or by nobody."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from streamproof.model.waiting import Probe, wait_until

START_TIMEOUT_SEC, STOP_TIMEOUT_SEC = 300, 60
HTML = "text/html,application/xhtml+xml"
# Who may read everything, and who may not read one DAG.
READER, OUTSIDER = "ada", "vera"
PASSWORD = "a password"


@dataclass(frozen=True)
class Answer:
    """An answer: status, content type and text."""

    status: int
    kind: str
    text: str

    @property
    def json(self) -> Any:
        """Its JSON."""
        return json.loads(self.text)


class ApiServer:
    """`airflow api-server` on the database and the folders of an Airflow that runs already."""

    def __init__(self, env: Mapping[str, str], folder: Path, port: int, closed_dag: str) -> None:
        """`env` is the environment of that Airflow, `closed_dag` the DAG that OUTSIDER may not read."""
        folder.mkdir()
        passwords = folder / "passwords.json"
        passwords.write_text(json.dumps(dict.fromkeys((READER, OUTSIDER), PASSWORD)))
        self.url = f"http://127.0.0.1:{port}"
        self.log = folder / "api-server.log"
        self._tokens: dict[str, str] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._env = {
            **env,
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__API__PORT": str(port),
            "AIRFLOW__CORE__AUTH_MANAGER": "closed_dag.ClosedDagAuthManager",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "False",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{READER}:viewer,{OUTSIDER}:viewer",
            "CLOSED_DAG": closed_dag,
            "CLOSED_TO": OUTSIDER,
            "PYTHONPATH": str(Path(__file__).with_name("auth")),
        }

    def start(self) -> None:
        """Start it, and log both users in."""
        with self.log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "airflow", "api-server", "--apps", "core"],
                env=self._env,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        wait_until(self._answers, timeout=START_TIMEOUT_SEC, message="the API server", hint=str(self.log))
        for user in (READER, OUTSIDER):
            answer = self.get("/auth/token", body={"username": user, "password": PASSWORD})
            assert answer.status == 201, answer.text
            self._tokens[user] = answer.json["access_token"]

    def stop(self) -> None:
        """Stop it with all its processes."""
        if self._process is None:
            return
        group = [self._process.pid, *(child.pid for child in psutil.Process(self._process.pid).children(True))]
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_TIMEOUT_SEC)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pid in group:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def get(self, path: str, user: str | None = None, *, accept: str = "*/*", body: Any = None) -> Answer:
        """Ask as a user, or as nobody; with a body it is a POST. Redirects are followed."""
        headers = {"Accept": accept, "Content-Type": "application/json"}
        if user:
            headers["Authorization"] = f"Bearer {self._tokens[user]}"
        data = json.dumps(body).encode() if body is not None else None
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(urllib.request.Request(self.url + path, data, headers), timeout=60) as answer:
                return Answer(answer.status, answer.headers.get_content_type(), answer.read().decode())
        except urllib.error.HTTPError as refused:
            return Answer(refused.code, refused.headers.get_content_type(), refused.read().decode())

    def cookie(self, user: str) -> Any:
        """Return the cookie by which a browser is logged in, as Airflow's UI sets it."""
        value = self._tokens[user]
        return {"name": "_token", "value": value, "url": self.url, "httpOnly": True, "sameSite": "Lax"}

    def _answers(self) -> Probe:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError(f"The API server ended: {self.log.read_text()[-3000:]}")
        try:
            status = self.get("/api/v2/version").status
        except OSError as error:
            return Probe(False, str(error))
        return Probe(status == 200, f"status {status}")
