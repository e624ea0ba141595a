"""A cluster that lives as long as a `with` block."""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from streamproof.model.errors import StackError
from streamproof.model.settings import WarehouseSettings
from streamproof.model.waiting import Probe, wait_until
from streamproof.postgres.cluster import LOOPBACK, USER, Cluster

START_TIMEOUT_SEC = 60.0
STOP_TIMEOUT_SEC = 30.0


@contextlib.contextmanager
def temporary_server(
    home: Path | None = None, settings: Mapping[str, str] | None = None
) -> Iterator[WarehouseSettings]:
    """Start a server with an empty cluster, yield how to reach its database `postgres`, and remove it all.

    `home` is the folder with the server's `bin`, None for that of the wheel; `settings` are added to its configuration.
    Call it on a thread that lives as long as the block. Raises StackError.
    """
    folder = Path(tempfile.mkdtemp(prefix="streamproof-postgres-"))
    # Where we are root, another user must get to the cluster's own folder.
    folder.chmod(0o711)
    log = folder / "postgres.log"
    try:
        cluster = Cluster.in_folder(folder / "cluster", home)
        _initialize(cluster, log)
        with _running(cluster, log, settings or {}) as port:
            yield WarehouseSettings(LOOPBACK, port, user=USER, password=cluster.password, database="postgres")
        if cluster.root.parent != folder:
            cluster.remove()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _initialize(cluster: Cluster, log: Path) -> None:
    cluster.write_secret()
    try:
        made = subprocess.run(
            cluster.init_command(), capture_output=True, text=True, env=cluster.environment, cwd="/", check=False
        )
    finally:
        cluster.remove_secret()
    if made.returncode:
        said = (made.stderr or made.stdout).strip().splitlines()
        raise StackError(
            f"PostgreSQL's initdb ended with {made.returncode}: {said[-1] if said else 'it said nothing'}",
            hint=f"It was to make {cluster.data}. Is the disk full?",
        )
    log.touch()


@contextlib.contextmanager
def _running(cluster: Cluster, log: Path, settings: Mapping[str, str]) -> Iterator[int]:
    with socket.socket() as free:
        free.bind((LOOPBACK, 0))
        port = int(free.getsockname()[1])
    with log.open("ab") as out:
        process = subprocess.Popen(
            cluster.server_command(port, settings),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=cluster.environment,
            cwd="/",
            start_new_session=True,
        )
    try:
        wait_until(
            lambda: _look(cluster, process, log), timeout=START_TIMEOUT_SEC, message="PostgreSQL", hint="Is it busy?"
        )
        yield port
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_TIMEOUT_SEC)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _look(cluster: Cluster, process: subprocess.Popen[bytes], log: Path) -> Probe:
    if process.poll() is not None:
        said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        raise StackError(
            f"PostgreSQL ended with {process.returncode} while starting: {said[-1] if said else 'it said nothing'}",
            hint="Another process may have taken its port: try again.",
        )
    return Probe(cluster.is_ready(process.pid), "the server does not accept connections yet")
