"""The services of a local stack: children of the supervisor, on loopback ports."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping

from streamproof.model.errors import StackError, StreamproofError
from streamproof.model.stack import StackState
from streamproof.runtime.ports import LOOPBACK, PortReservation
from streamproof.runtime.process import Child, own_identity
from streamproof.runtime.stack_spec import BROKER, CONTROLLER_PORT, HTTP_PORT, KAFKA_PORT, TCP_PORT, StackSpec
from streamproof.runtime.state_file import Board, say
from streamproof.services.clickhouse_server import USER, ClickHouseServer
from streamproof.services.kafka_broker import KafkaBroker
from streamproof.services.kafka_mock import KafkaMock
from streamproof.services.processor_process import ProcessorProcess

TOPICS_TIMEOUT_SEC = 15.0

Service = KafkaBroker | KafkaMock | ClickHouseServer | ProcessorProcess


def wanted_ports(spec: StackSpec) -> dict[str, int]:
    """Return the ports that a local stack needs, by purpose; 0 is any free one."""
    purposes = [HTTP_PORT, TCP_PORT, *([KAFKA_PORT, CONTROLLER_PORT] if spec.kafka_kind == BROKER else [])]
    return {purpose: spec.ports.get(purpose, 0) for purpose in purposes}


class LocalServices:
    """Kafka, ClickHouse and the processor as processes of this machine."""

    def __init__(self, spec: StackSpec, held: PortReservation, env: Mapping[str, str], timeout: float) -> None:
        self.spec, self.held, self.timeout = spec, held, timeout
        ports = held.ports
        self.clickhouse = ClickHouseServer(spec, {p: ports[p] for p in (HTTP_PORT, TCP_PORT)}, env)
        self.kafka: KafkaBroker | KafkaMock = (
            KafkaBroker(spec, {p: ports[p] for p in (KAFKA_PORT, CONTROLLER_PORT)}, env)
            if spec.kafka_kind == BROKER
            else KafkaMock(spec, env)
        )
        self.processor = ProcessorProcess(spec, env) if spec.processor else None
        self.board = Board(
            spec,
            StackState(
                name=spec.name,
                status="starting",
                supervisor=own_identity(),
                kafka_kind=spec.kafka_kind,
                bootstrap_servers=self.kafka.bootstrap_servers,
                clickhouse_host=LOOPBACK,
                clickhouse_port=ports[HTTP_PORT],
                clickhouse_tcp_port=ports[TCP_PORT],
                clickhouse_user=USER,
            ),
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Return what is to be up."""
        return ("kafka", "clickhouse", *(["processor"] if self.processor else []))

    async def start(self) -> None:
        """Start Kafka and ClickHouse side by side, then topics, then the processor. Raises StackError."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._start_one(self.kafka))
                group.create_task(self._start_one(self.clickhouse))
        except* StreamproofError as errors:
            raise next(error for error in errors.exceptions if isinstance(error, StreamproofError)) from None
        self.held.release()
        self.board.update(bootstrap_servers=self.kafka.bootstrap_servers)
        await self.kafka.create_topics(self.spec.topics, min(self.timeout, TOPICS_TIMEOUT_SEC))
        if self.processor:
            self.board.add(await self.processor.start(self.board.state))

    async def _start_one(self, service: KafkaBroker | KafkaMock | ClickHouseServer) -> None:
        self.board.add(await service.start(self.timeout))

    def _services(self) -> tuple[Service, ...]:
        return (*([self.processor] if self.processor else []), self.kafka, self.clickhouse)

    async def first_death(self) -> StackError:
        """Wait until a service ends by itself and return the error that says how."""
        children: list[Child] = [child for service in self._services() for child in service.children]
        watched = {asyncio.create_task(child.process.wait()): child for child in children}
        try:
            done, _ = await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in watched:
                task.cancel()
        return next(child.death("during the run") for task, child in watched.items() if task in done)

    async def stop(self) -> None:
        """Stop the processor while it can still flush, then the rest, and remove the data."""
        if self.processor:
            await self._stop_one(self.processor)
        await asyncio.gather(self._stop_one(self.kafka), self._stop_one(self.clickhouse))
        shutil.rmtree(self.spec.data, ignore_errors=True)

    async def _stop_one(self, service: Service) -> None:
        await service.stop()
        for child in service.children:
            say(f"{child.name} has ended, code {child.process.returncode}")
