"""A real Kafka broker: one KRaft node on loopback, for one run."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import NewTopic

from streamproof.model.errors import StackError
from streamproof.model.stack import ServiceState
from streamproof.services.java import JavaRuntime
from streamproof.services.kafka_setup import (
    KafkaKit,
    admin_client,
    broker_command,
    format_command,
    kafka_version,
    look_for_broker,
    runtime_of,
    write_broker_files,
)
from streamproof.services.ports import LOOPBACK
from streamproof.services.process import Child
from streamproof.services.stack_spec import CONTROLLER_PORT, KAFKA_PORT, StackSpec
from streamproof.services.waiting import Probe, wait_until_async

NAME = "kafka"
UNLIMITED_MS = 9_223_372_036_854_775_807
# Captured events are old, replayed ones may be stamped ahead: neither expires nor is refused.
TOPIC_CONFIG = {"retention.ms": "-1", "message.timestamp.after.max.ms": str(UNLIMITED_MS)}


@dataclass(slots=True)
class KafkaBroker:
    """The broker of one stack. `ports` holds those of the broker and of its controller listener."""

    spec: StackSpec
    ports: Mapping[str, int]
    env: Mapping[str, str]
    children: list[Child] = field(default_factory=list)

    @property
    def bootstrap_servers(self) -> str:
        """Return where clients find the broker."""
        return f"{LOOPBACK}:{self.ports[KAFKA_PORT]}"

    async def start(self, timeout: float) -> ServiceState:
        """Start the broker and return when it answers; `timeout` is in seconds. Raises StackError."""
        cache, home = Path(self.spec.cache_dir), Path(self.spec.home)
        runtime = await asyncio.to_thread(runtime_of, cache, home, self.spec.java)
        properties = await self._storage(runtime, home, cache)
        child = await self._launch(NAME, broker_command(runtime, properties))
        admin = admin_client(self.bootstrap_servers)

        def look() -> Probe:
            if child.ended:
                raise child.death("while starting")
            return look_for_broker(admin)

        await wait_until_async(look, timeout=timeout, message="the Kafka broker", hint=f"Its log is {child.log}.")
        return ServiceState(
            name=NAME,
            process=child.identity,
            ports=dict(self.ports),
            log=str(child.log),
            version=f"{kafka_version(home)} (Apache Kafka, KRaft, one node, JRE {runtime.version})",
        )

    async def _launch(self, name: str, command: list[str]) -> Child:
        child = await Child.start(name, command, log=self.spec.log(name), env=self.env, cwd=self.spec.root)
        self.children.append(child)
        return child

    async def _storage(self, runtime: JavaRuntime, home: Path, cache: Path) -> Path:
        """Write the configuration and make formatted storage, from the cache when it holds some."""
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
            raise formatting.death("while formatting its storage")
        self.children.remove(formatting)
        return properties

    async def create_topics(self, names: tuple[str, ...], timeout: float) -> None:
        """Create topics of one partition without expiry. Raises StackError naming the topic."""
        await asyncio.to_thread(_create_topics, self.bootstrap_servers, names, timeout)

    async def stop(self) -> None:
        """Stop the broker; its data are the supervisor's to remove."""
        for child in self.children:
            await child.stop()


def _create_topics(bootstrap_servers: str, names: tuple[str, ...], timeout: float) -> None:
    if not names:
        return
    topics = [NewTopic(name, num_partitions=1, replication_factor=1, config=TOPIC_CONFIG) for name in names]
    # Kept in a name: the answers never come when the client is collected before them.
    admin = admin_client(bootstrap_servers)
    created = admin.create_topics(topics, operation_timeout=timeout, request_timeout=timeout)
    for name, future in created.items():
        try:
            future.result(timeout)
        except (KafkaException, TimeoutError) as error:
            raise StackError(
                f"Topic {name} could not be created: {error}.",
                hint="A topic name has letters, digits, '.', '_' and '-'.",
            ) from None
