"""The fallback when the JVM jars cannot be fetched: librdkafka's mock broker in its own process."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from streamproof.model.errors import StackError
from streamproof.model.stack import ServiceState, StackState
from streamproof.runtime.process import Child, python_module
from streamproof.runtime.stack_spec import StackSpec
from streamproof.transport.kafka.admin import admin_client
from streamproof.transport.kafka.mock_cluster import library_version

NAME = "kafka"


@dataclass(slots=True)
class KafkaMock:
    """The mock broker of one stack. librdkafka chooses its port."""

    spec: StackSpec
    env: Mapping[str, str]
    bootstrap_servers: str = ""
    children: list[Child] = field(default_factory=list)

    @classmethod
    def wanted_ports(cls) -> tuple[str, ...]:
        """Return no port: librdkafka chooses it."""
        return ()

    @classmethod
    def of(cls, spec: StackSpec, ports: Mapping[str, int], env: Mapping[str, str]) -> KafkaMock:  # noqa: ARG003
        """Return the mock broker of a stack, not yet started."""
        return cls(spec, env)

    def endpoints(self) -> Mapping[str, Any]:
        """Return its address as fields of the stack's state; the address is '' before it is up."""
        return {"bootstrap_servers": self.bootstrap_servers}

    async def start(self, state: StackState, timeout: float) -> tuple[ServiceState, ...]:  # noqa: ARG002 - it uses no other service
        """Start the mock with the stack's topics and return when it listens. Raises StackError."""
        command = python_module("streamproof.transport.kafka.mock_cluster", *self.spec.topics)
        child = await Child.start(NAME, command, log=self.spec.log(NAME), env=self.env, cwd=self.spec.root, piped=True)
        self.children.append(child)
        self.bootstrap_servers = await child.read_line("its address", timeout)
        entry = ServiceState(
            name=NAME,
            process=child.identity,
            ports={NAME: int(self.bootstrap_servers.rpartition(":")[2])},
            log=str(child.log),
            version=f"mock (librdkafka {library_version()})",
        )
        return (entry,)

    async def prepare(self, timeout: float) -> None:
        """Check that the topics exist: the mock creates them at its start, and cannot create others later."""
        names = self.spec.topics
        await asyncio.wait_for(asyncio.to_thread(_look_for_topics, self.bootstrap_servers, names, timeout), timeout)

    async def stop(self) -> None:
        """Stop the mock."""
        for child in self.children:
            await child.stop()


def _look_for_topics(bootstrap_servers: str, names: tuple[str, ...], timeout: float) -> None:
    found = admin_client(bootstrap_servers).list_topics(timeout=timeout).topics
    missing = sorted(set(names) - set(found))
    if missing:
        raise StackError(f"The mock broker has no topic {missing[0]}.", hint="This is a defect of streamproof.")
