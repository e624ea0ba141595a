"""The services of stack `external`: Kafka and ClickHouse run already, so it starts at most a source or a processor."""

from __future__ import annotations

import shutil
from collections.abc import Mapping

from streamproof.model.errors import StackError
from streamproof.model.plan import EXTERNAL
from streamproof.model.stack import StackState
from streamproof.runtime.process import own_identity
from streamproof.runtime.stack_spec import POSTGRES, SOURCE, OutsideLaunch, StackSpec
from streamproof.runtime.state_file import StateFile, say
from streamproof.services.base import Service
from streamproof.services.exits import first_exit
from streamproof.services.processor_process import NAME, ProcessorProcess
from streamproof.services.sources.http_source import HttpSource

# A start only has to create the process.
START_TIMEOUT_SEC = 15.0


class OutsideServices:
    """A stack of a source, a processor, or nothing. `env` also holds secrets, which are never in the state file."""

    def __init__(self, spec: StackSpec, env: Mapping[str, str]) -> None:
        if spec.outside is None:
            raise StackError("No services are named.", hint="This is a defect of streamproof.")
        self.spec = spec
        self.processor = ProcessorProcess(spec, env) if spec.processor else None
        self.source = HttpSource(spec, env) if spec.source else None
        self.state_file = StateFile(spec, _state(spec, spec.outside))

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the services that must be up."""
        return (*([SOURCE] if self.source else []), *([NAME] if self.processor else []))

    @property
    def _started(self) -> tuple[Service, ...]:
        return tuple(service for service in (self.source, self.processor) if service is not None)

    async def start(self) -> None:
        """Start what the stack has of its own. Raises StackError when it ends at once."""
        for service in self._started:
            for entry in await service.start(self.state_file.state, START_TIMEOUT_SEC):
                self.state_file.add(entry)
            self.state_file.update(**service.endpoints())

    async def first_exit(self) -> StackError:
        """Wait until a process ends by itself, and return the error for it."""
        return await first_exit([child for service in self._started for child in service.children], self.state_file)

    async def stop(self) -> StackError | None:
        """Stop the processes and remove their data from this machine. Return an error when one had to be killed."""
        killed = None
        for service in reversed(self._started):
            killed = await service.stop() or killed
            for child in service.children:
                say(f"{child.name} has ended, code {child.process.returncode}")
        shutil.rmtree(self.spec.data, ignore_errors=True)
        return killed

    def close(self) -> None:
        """Do nothing: no port is reserved."""


def _state(spec: StackSpec, outside: OutsideLaunch) -> StackState:
    is_postgres = spec.warehouse == POSTGRES
    return StackState(
        name=spec.name,
        status="starting",
        supervisor=own_identity(),
        kafka_kind=EXTERNAL,
        bootstrap_servers=outside.bootstrap_servers,
        clickhouse_host="" if is_postgres else outside.warehouse_host,
        clickhouse_port=0 if is_postgres else outside.warehouse_port,
        clickhouse_tcp_port=0,
        clickhouse_user="" if is_postgres else outside.warehouse_user,
        clickhouse_secure=outside.warehouse_secure and not is_postgres,
        outside=dict(outside.versions),
        source_url=outside.source_url,
        bootstrap_from_clickhouse=outside.bootstrap_from_clickhouse,
        postgres_host=outside.warehouse_host if is_postgres else "",
        postgres_port=outside.warehouse_port if is_postgres else 0,
        postgres_user=outside.warehouse_user if is_postgres else "",
    )
