"""The server of a pack's source: its app with TLS on loopback, in a process of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from streamproof.model.errors import StackError
from streamproof.model.stack import ServiceState, StackState
from streamproof.runtime.environment import with_python_path
from streamproof.runtime.files import write_json
from streamproof.runtime.process import Child, python_module
from streamproof.runtime.stack_spec import SOURCE, StackSpec
from streamproof.transport.http.serve import ServeLaunch

NAME = SOURCE


@dataclass(slots=True)
class HttpSource:
    """The source of one stack. It chooses its port itself."""

    spec: StackSpec
    env: Mapping[str, str]
    url: str = ""
    children: list[Child] = field(default_factory=list)

    @classmethod
    def wanted_ports(cls) -> tuple[str, ...]:
        """Return no port: the source chooses it."""
        return ()

    @classmethod
    def of(cls, spec: StackSpec, ports: Mapping[str, int], env: Mapping[str, str]) -> HttpSource:  # noqa: ARG003
        """Return the source of a stack, not yet started."""
        return cls(spec, env)

    def endpoints(self) -> Mapping[str, Any]:
        """Return its address as a field of the stack's state; the address is '' before it is up."""
        return {"source_url": self.url}

    async def start(self, state: StackState, timeout: float) -> tuple[ServiceState, ...]:  # noqa: ARG002 - it uses no other service
        """Start the source and return when it listens. Raises StackError that says why the app cannot be served."""
        source = self.spec.source
        if source is None:
            raise StackError("The stack has no source to start.", hint="This is a defect of streamproof.")
        launch = ServeLaunch(
            home=self.spec.home,
            pack_file=source.pack_file,
            files=source.files,
            folder=str(self.spec.source_folder),
            ledger=source.ledger,
            faults=source.faults,
        )
        file = Path(launch.folder) / "launch.json"
        write_json(file, asdict(launch))
        command = python_module("streamproof.transport.http.serve", str(file))
        env = with_python_path(self.env, source.python_path)
        child = await Child.start(NAME, command, log=self.spec.log(NAME), env=env, cwd=self.spec.root, piped=True)
        self.children.append(child)
        self.url = await child.read_line("its address", timeout)
        port = int(self.url.rpartition(":")[2])
        return (ServiceState(NAME, child.identity, {NAME: port}, str(child.log), f"uvicorn {version('uvicorn')}"),)

    async def prepare(self, timeout: float) -> None:
        """Do nothing: it listens."""

    async def stop(self) -> None:
        """Stop the source."""
        for child in self.children:
            await child.stop()
