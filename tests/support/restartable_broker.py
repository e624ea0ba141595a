"""A real broker that a test can kill and start again on the same ports with the same data."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from streamproof.model.waiting import wait_until
from streamproof.runtime.ports import PortReservation
from streamproof.services.kafka_setup import broker_command, format_command, runtime_of, write_broker_files
from streamproof.transport.kafka.admin import admin_client, look_for_broker

START_SEC = 60.0


class RestartableBroker:
    """One broker on loopback."""

    def __init__(self, folder: Path, home: Path, cache_dir: Path) -> None:
        self._folder = folder
        self._runtime = runtime_of(cache_dir, home, None)
        with PortReservation({"broker": 0, "controller": 0}) as held:
            ports = dict(held.ports)
        self.bootstrap_servers = f"127.0.0.1:{ports['broker']}"
        self._properties = write_broker_files(
            home,
            folder / "config",
            data=folder / "data",
            broker_port=ports["broker"],
            controller_port=ports["controller"],
        )
        self._process: subprocess.Popen[bytes] | None = None
        with self._log() as log:
            subprocess.run(format_command(self._runtime, self._properties), stdout=log, stderr=log, check=True)

    def start(self) -> None:
        """Start the broker and wait until it answers."""
        with self._log() as log:
            self._process = subprocess.Popen(broker_command(self._runtime, self._properties), stdout=log, stderr=log)
        admin = admin_client(self.bootstrap_servers)
        log_file = str(self._folder / "broker.log")
        wait_until(lambda: look_for_broker(admin), timeout=START_SEC, message="the broker", hint=f"See {log_file}.")

    def kill(self) -> None:
        """Kill the broker, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _log(self):
        return (self._folder / "broker.log").open("ab")


@contextmanager
def restartable_broker(folder: Path, home: Path, cache_dir: Path) -> Iterator[RestartableBroker]:
    """A broker that runs until the end of the block."""
    broker = RestartableBroker(folder, home, cache_dir)
    broker.start()
    try:
        yield broker
    finally:
        broker.kill()
