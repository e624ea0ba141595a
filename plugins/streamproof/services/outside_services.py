"""The services of stack `external`: Kafka and ClickHouse already run, so it starts at most the processor."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping

from streamproof.model.errors import StackError
from streamproof.model.plan import EXTERNAL
from streamproof.model.stack import StackState
from streamproof.runtime.process import own_identity
from streamproof.runtime.stack_spec import OutsideLaunch, StackSpec
from streamproof.runtime.state_file import StateFile, say
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
        self.state_file.add(await self.processor.start(self.state_file.state, START_TIMEOUT_SEC))

    async def first_exit(self) -> StackError:
        """Wait until the processor ends by itself, and return the error for it."""
        if self.processor is None:
            # No process can end, so this waits until the supervisor cancels it.
            never: asyncio.Future[StackError] = asyncio.get_running_loop().create_future()
            return await never
        child = self.processor.children[0]
        await child.process.wait()
        return child.exit_error("during the run")

    async def stop(self) -> None:
        """Stop the processor and remove its data from this machine."""
        if self.processor:
            await self.processor.stop()
            for child in self.processor.children:
                say(f"{child.name} has ended, code {child.process.returncode}")
        shutil.rmtree(self.spec.data, ignore_errors=True)

    def close(self) -> None:
        """Do nothing: no port is reserved."""


def _state(spec: StackSpec, outside: OutsideLaunch) -> StackState:
    return StackState(
        name=spec.name,
        status="starting",
        supervisor=own_identity(),
        kafka_kind=EXTERNAL,
        bootstrap_servers=outside.bootstrap_servers,
        clickhouse_host=outside.clickhouse_host,
        clickhouse_port=outside.clickhouse_port,
        clickhouse_tcp_port=0,
        clickhouse_user=outside.clickhouse_user,
        clickhouse_secure=outside.clickhouse_secure,
        outside=dict(outside.versions),
        bootstrap_from_clickhouse=outside.bootstrap_from_clickhouse,
    )
