"""The services of stack `external`: Kafka and ClickHouse already run, so it starts at most the processor."""

from __future__ import annotations

import shutil
from collections.abc import Mapping

from streamproof.model.errors import StackError
from streamproof.model.plan import EXTERNAL
from streamproof.model.stack import StackState
from streamproof.runtime.process import own_identity
from streamproof.runtime.stack_spec import POSTGRES, OutsideLaunch, StackSpec
from streamproof.runtime.state_file import StateFile, say
from streamproof.services.exits import first_exit
from streamproof.services.processor_process import NAME, ProcessorProcess

# A start only has to create the process.
START_TIMEOUT_SEC = 15.0


class OutsideServices:
    """A stack of at most one process. `env` also holds secrets, which are never written to the state file."""

    def __init__(self, spec: StackSpec, env: Mapping[str, str]) -> None:
        if spec.outside is None:
            raise StackError("No services are named.", hint="This is a defect of streamproof.")
        self.spec = spec
        self.processor = ProcessorProcess(spec, env) if spec.processor else None
        self.state_file = StateFile(spec, _state(spec, spec.outside))

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the services that must be up."""
        return (NAME,) if self.processor else ()

    async def start(self) -> None:
        """Start the processor, if the pack's processor is a process. Raises StackError when it ends at once."""
        if self.processor is None:
            return
        for entry in await self.processor.start(self.state_file.state, START_TIMEOUT_SEC):
            self.state_file.add(entry)

    async def first_exit(self) -> StackError:
        """Wait until the processor ends by itself, and return the error for it."""
        return await first_exit(self.processor.children if self.processor else [], self.state_file)

    async def stop(self) -> StackError | None:
        """Stop the processor and remove its data from this machine. Return an error when it had to be killed."""
        killed = None
        if self.processor:
            killed = await self.processor.stop()
            for child in self.processor.children:
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
        bootstrap_from_clickhouse=outside.bootstrap_from_clickhouse,
        postgres_host=outside.warehouse_host if is_postgres else "",
        postgres_port=outside.warehouse_port if is_postgres else 0,
        postgres_user=outside.warehouse_user if is_postgres else "",
    )
