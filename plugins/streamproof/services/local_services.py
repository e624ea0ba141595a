"""The services of a local stack: children of the supervisor, on loopback ports."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping

from streamproof.model.errors import StackError, StreamproofError
from streamproof.model.stack import ServiceState, StackState
from streamproof.runtime.ports import LOOPBACK, PortReservation
from streamproof.runtime.process import Child, own_identity
from streamproof.runtime.stack_spec import PROCESSOR, USER, StackSpec
from streamproof.runtime.state_file import StateFile, say
from streamproof.services.base import RestartingService, Service
from streamproof.services.exits import first_exit

PREPARE_TIMEOUT_SEC = 15.0


class LocalServices:
    """Services as processes of this machine. They start at the same time, and the processor after them."""

    def __init__(
        self, spec: StackSpec, kinds: Mapping[str, type[Service]], env: Mapping[str, str], timeout: float
    ) -> None:
        """Create the services, not yet started, and reserve their ports. Raises StackError for a port in use."""
        self.spec, self.timeout = spec, timeout
        wanted = [purpose for kind in kinds.values() for purpose in kind.wanted_ports()]
        self.reserved = PortReservation({purpose: spec.ports.get(purpose, 0) for purpose in wanted})
        made = {name: self._of(kind, env) for name, kind in kinds.items()}
        self.processor = made.pop(PROCESSOR, None)
        self.first = made
        self.state_file = StateFile(
            spec,
            StackState(
                name=spec.name,
                status="starting",
                supervisor=own_identity(),
                kafka_kind=spec.kafka_kind,
                bootstrap_servers="",
                clickhouse_host=LOOPBACK,
                clickhouse_port=0,
                clickhouse_tcp_port=0,
                clickhouse_user=USER,
            ),
        )
        for service in self.first.values():
            self.state_file.expect(**service.endpoints())

    def _of(self, kind: type[Service], env: Mapping[str, str]) -> Service:
        return kind.of(self.spec, {purpose: self.reserved.ports[purpose] for purpose in kind.wanted_ports()}, env)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the services that must be up."""
        return (*self.first, *([PROCESSOR] if self.processor else []))

    async def start(self) -> None:
        """Start all but the processor at once, prepare them, then start the processor. Raises StackError."""
        try:
            async with asyncio.TaskGroup() as group:
                for service in self.first.values():
                    group.create_task(self._start_one(service))
        except* StreamproofError as errors:
            raise next(error for error in errors.exceptions if isinstance(error, StreamproofError)) from None
        self.reserved.release()
        for service in self.first.values():
            self.state_file.update(**service.endpoints())
            await service.prepare(min(self.timeout, PREPARE_TIMEOUT_SEC))
        if self.processor:
            await self._start_one(self.processor)

    async def _start_one(self, service: Service) -> None:
        for entry in await service.start(self.state_file.state, self.timeout):
            self.state_file.add(entry)

    def _services(self) -> tuple[Service, ...]:
        return (*([self.processor] if self.processor else []), *self.first.values())

    async def first_exit(self) -> StackError:
        """Wait until a service ends by itself, and return the error for it."""
        children = [child for service in self._services() for child in service.children]
        return await first_exit(children, self.state_file, self._restart)

    async def _restart(self, ended: Child) -> tuple[Child, ServiceState] | None:
        for service in self._services():
            if ended in service.children and isinstance(service, RestartingService):
                return await service.restart(ended)
        return None

    async def stop(self) -> StackError | None:
        """Stop the processor first, so that it can flush, then the other services, and remove the data.

        Return an error when the processor had to be killed.
        """
        killed = await self._stop_one(self.processor) if self.processor else None
        await asyncio.gather(*(self._stop_one(service) for service in self.first.values()))
        shutil.rmtree(self.spec.data, ignore_errors=True)
        return killed

    async def _stop_one(self, service: Service) -> StackError | None:
        killed = await service.stop()
        for child in service.children:
            say(f"{child.name} has ended, code {child.process.returncode}")
        return killed

    def close(self) -> None:
        """Release the reserved ports."""
        self.reserved.release()
