"""A real Kafka broker: one KRaft node on loopback, for one run."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from streamproof.model.stack import ServiceState, StackState
from streamproof.model.waiting import Probe, wait_until_async
from streamproof.runtime.java import JavaRuntime
from streamproof.runtime.ports import LOOPBACK
from streamproof.runtime.process import Child
from streamproof.runtime.stack_spec import CONTROLLER_PORT, KAFKA_PORT, StackSpec
from streamproof.services.kafka_setup import (
    KafkaKit,
    broker_command,
    format_command,
    kafka_version,
    runtime_of,
    write_broker_files,
)
from streamproof.transport.kafka.admin import admin_client, look_for_broker, make_topic_of_offsets
from streamproof.transport.kafka.topics import create_topics

NAME = "kafka"


@dataclass(slots=True)
class KafkaBroker:
    """The broker of one stack. `ports` holds the ports of the broker and of its controller listener, by purpose."""

    spec: StackSpec
    ports: Mapping[str, int]
    env: Mapping[str, str]
    children: list[Child] = field(default_factory=list)

    @classmethod
    def wanted_ports(cls) -> tuple[str, ...]:
        """Return the purposes of the ports that it needs."""
        return (KAFKA_PORT, CONTROLLER_PORT)

    @classmethod
    def of(cls, spec: StackSpec, ports: Mapping[str, int], env: Mapping[str, str]) -> KafkaBroker:
        """Return the broker of a stack, not yet started."""
        return cls(spec, ports, env)

    def endpoints(self) -> Mapping[str, Any]:
        """Return its address as fields of the stack's state."""
        return {"bootstrap_servers": self.bootstrap_servers}

    @property
    def bootstrap_servers(self) -> str:
        """Return the broker's address for clients."""
        return f"{LOOPBACK}:{self.ports[KAFKA_PORT]}"

    async def start(self, state: StackState, timeout: float) -> tuple[ServiceState, ...]:  # noqa: ARG002 - it uses no other service
        """Start the broker and return when it answers; `timeout` is in seconds. Raises StackError."""
        cache, home = Path(self.spec.cache_dir), Path(self.spec.home)
        runtime = await asyncio.to_thread(runtime_of, cache, home, self.spec.java)
        properties = await self._storage(runtime, home, cache)
        child = await self._launch(NAME, broker_command(runtime, properties))
        admin = admin_client(self.bootstrap_servers)

        def look() -> Probe:
            if child.ended:
                raise child.exit_error("while starting")
            return look_for_broker(admin)

        await wait_until_async(look, timeout=timeout, message="the Kafka broker", hint=f"Its log is {child.log}.")
        entry = ServiceState(
            name=NAME,
            process=child.identity,
            ports=dict(self.ports),
            log=str(child.log),
            version=f"{kafka_version(home)} (Apache Kafka, KRaft, one node, JRE {runtime.version})",
        )
        return (entry,)

    async def _launch(self, name: str, command: list[str]) -> Child:
        child = await Child.start(name, command, log=self.spec.log(name), env=self.env, cwd=self.spec.root)
        self.children.append(child)
        return child

    async def _storage(self, runtime: JavaRuntime, home: Path, cache: Path) -> Path:
        """Write the configuration and create formatted storage, if possible as a copy from the cache."""
        data, kit = self.spec.data / NAME, KafkaKit.of(runtime, cache)
        properties = write_broker_files(
            home,
            self.spec.root / "config" / NAME,
            data=data,
            broker_port=self.ports[KAFKA_PORT],
            controller_port=self.ports[CONTROLLER_PORT],
        )
        if kit.complete:
            shutil.copytree(kit.storage, data)
            return properties
        formatting = await self._launch("kafka-format", format_command(runtime, properties))
        if await formatting.process.wait() != 0:
            raise formatting.exit_error("while formatting its storage")
        self.children.remove(formatting)
        return properties

    async def prepare(self, timeout: float) -> None:
        """Create the stack's topics without expiry. Raises StackError that names the topic."""
        admin = admin_client(self.bootstrap_servers)
        make_topic_of_offsets(admin, timeout)
        topics, partitions = self.spec.topics, self.spec.partitions
        await asyncio.to_thread(create_topics, admin, topics, partitions=partitions, timeout=timeout)

    async def stop(self) -> None:
        """Stop the broker. The supervisor removes its data."""
        for child in self.children:
            await child.stop()
