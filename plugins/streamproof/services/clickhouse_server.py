"""The ClickHouse server of one run: the engine of the wheel `chdb-core`, serving HTTP and TCP on loopback."""

from __future__ import annotations

import asyncio
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from streamproof.model.errors import StackError
from streamproof.model.stack import ServiceState, StackState
from streamproof.runtime.files import fill_template, stack_files
from streamproof.runtime.ports import LOOPBACK
from streamproof.runtime.process import Child, python_module
from streamproof.runtime.stack_spec import HTTP_PORT, TCP_PORT, USER, StackSpec

NAME = "clickhouse"
REQUEST_TIMEOUT_SEC = 10


@dataclass(slots=True)
class ClickHouseServer:
    """The ClickHouse server of one stack. `ports` holds its HTTP and TCP port by purpose."""

    spec: StackSpec
    ports: Mapping[str, int]
    env: Mapping[str, str]
    children: list[Child] = field(default_factory=list)

    @classmethod
    def wanted_ports(cls) -> tuple[str, ...]:
        """Return the purposes of the ports that it needs."""
        return (HTTP_PORT, TCP_PORT)

    @classmethod
    def of(cls, spec: StackSpec, ports: Mapping[str, int], env: Mapping[str, str]) -> ClickHouseServer:
        """Return the server of a stack, not yet started."""
        return cls(spec, ports, env)

    def endpoints(self) -> Mapping[str, Any]:
        """Return its address as fields of the stack's state."""
        return {
            "clickhouse_host": LOOPBACK,
            "clickhouse_port": self.ports[HTTP_PORT],
            "clickhouse_tcp_port": self.ports[TCP_PORT],
            "clickhouse_user": USER,
        }

    async def prepare(self, timeout: float) -> None:
        """Do nothing: stage `schema_apply` creates the schema."""

    async def start(self, state: StackState, timeout: float) -> tuple[ServiceState, ...]:  # noqa: ARG002 - it uses no other service
        """Start the server and return once it answers a query; `timeout` is in seconds. Raises StackError."""
        run_dir, data_dir = self.spec.data / NAME / "run", self.spec.data / NAME / "store"
        backups = self.spec.data / NAME / "backups"
        for folder in (run_dir, data_dir, backups):
            folder.mkdir(parents=True, exist_ok=True)
        values = {
            "http_port": self.ports[HTTP_PORT],
            "tcp_port": self.ports[TCP_PORT],
            "log": escape(str(self.spec.log(NAME))),
            "backups_dir": escape(str(backups)),
        }
        for name in ("config.xml", "users.xml"):
            fill_template(stack_files(Path(self.spec.home)) / "clickhouse" / name, run_dir / name, values)
        child = await Child.start(
            NAME,
            python_module("streamproof.services.clickhouse_child", str(run_dir), str(data_dir)),
            log=self.spec.log(NAME),
            env=self.env,
            piped=True,
        )
        self.children.append(child)
        await child.read_line("that it listens", timeout)
        engine = await asyncio.to_thread(_ask, self.ports[HTTP_PORT], "SELECT version()", child)
        entry = ServiceState(
            name=NAME,
            process=child.identity,
            ports=dict(self.ports),
            log=str(child.log),
            version=f"{engine} (engine in chdb-core {version('chdb-core')}, one node, no Keeper)",
        )
        return (entry,)

    async def stop(self) -> None:
        """Stop the server. The supervisor removes its data."""
        for child in self.children:
            await child.stop()


def _ask(port: int, sql: str, child: Child) -> str:
    """Return the single value of a query that is sent over HTTP, as a client sends it.

    It shows that the server works: the wheel has no public way to start one.
    """
    request = urllib.request.Request(f"http://{LOOPBACK}:{port}/", sql.encode(), {"X-ClickHouse-User": USER})
    # A proxy from the environment could not reach this loopback address.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=REQUEST_TIMEOUT_SEC) as answer:
            return str(answer.read().decode().strip())
    except (urllib.error.URLError, OSError) as error:
        raise StackError(f"ClickHouse does not answer: {error}.", hint=f"Its log is {child.log}.") from None
