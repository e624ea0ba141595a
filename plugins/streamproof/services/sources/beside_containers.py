"""A stack on Docker that serves a fixture set: its containers, and the source as a process of this machine."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping

from streamproof.model.errors import StackError
from streamproof.runtime.compose.services import ComposeServices
from streamproof.runtime.stack_spec import SOURCE, StackSpec
from streamproof.runtime.state_file import say
from streamproof.services.exits import first_exit
from streamproof.services.sources.http_source import HttpSource


class SourceBesideContainers:
    """Containers and a source. The program that fetches runs on this machine, too, and reaches all by loopback."""

    def __init__(self, spec: StackSpec, env: Mapping[str, str], timeout: float) -> None:
        """Create the services, not yet started, and reserve their ports. Raises StackError for a port in use."""
        self.spec, self.timeout = spec, timeout
        self.containers = ComposeServices(spec, env, timeout)
        self.source = HttpSource(spec, env)
        self.state_file = self.containers.state_file

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the services that must be up."""
        return (*self.containers.names, SOURCE)

    async def start(self) -> None:
        """Start the containers and wait for their health, then start the source. Raises StackError."""
        await self.containers.start()
        for entry in await self.source.start(self.state_file.state, self.timeout):
            self.state_file.add(entry)
        self.state_file.update(**self.source.endpoints())

    async def first_exit(self) -> StackError:
        """Wait until a container, the engine or the source ends by itself, and return the error for it."""
        ends = (self.containers.first_exit(), first_exit(self.source.children, self.state_file))
        tasks = [asyncio.ensure_future(end) for end in ends]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return done.pop().result()
        finally:
            for task in tasks:
                task.cancel()

    async def stop(self) -> None:
        """Stop the source, take the containers down, and remove the data of the source."""
        await self.source.stop()
        for child in self.source.children:
            say(f"{child.name} has ended, code {child.process.returncode}")
        await self.containers.stop()
        shutil.rmtree(self.spec.data, ignore_errors=True)

    def close(self) -> None:
        """Release the reserved ports."""
        self.containers.close()
