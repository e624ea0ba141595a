"""The pack's stream processor as a child process."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from streamproof.model.errors import StackError
from streamproof.model.stack import ServiceState, StackState
from streamproof.runtime.process import Child
from streamproof.runtime.programs.command import command_of
from streamproof.runtime.stack_spec import PROCESSOR, ProcessorLaunch, StackSpec

NAME = PROCESSOR


@dataclass(slots=True)
class ProcessorProcess:
    """The processor of one stack. Stage `pipeline_ready` checks that it runs and has its partitions."""

    spec: StackSpec
    env: Mapping[str, str]
    children: list[Child] = field(default_factory=list)

    @classmethod
    def wanted_ports(cls) -> tuple[str, ...]:
        """Return no port: those that the pack names are reserved when the processor starts."""
        return ()

    @classmethod
    def of(cls, spec: StackSpec, ports: Mapping[str, int], env: Mapping[str, str]) -> ProcessorProcess:  # noqa: ARG003
        """Return the processor of a stack, not yet started."""
        return cls(spec, env)

    def endpoints(self) -> Mapping[str, Any]:
        """Return nothing: no other service connects to the processor."""
        return {}

    async def prepare(self, timeout: float) -> None:
        """Do nothing."""

    async def start(self, state: StackState, timeout: float) -> tuple[ServiceState, ...]:  # noqa: ARG002 - the start does not wait
        """Start the processor. `state` has the addresses of the others.

        Raises StackError when the program does not exist or ends at once.
        """
        launch = self._launch()
        command = await asyncio.to_thread(command_of, launch, state, self.env, self.spec.root)
        child = await Child.start(NAME, command.argv, log=self.spec.log(NAME), env=command.env, cwd=self.spec.root)
        self.children.append(child)
        python = f" (Python {sys.version.split()[0]})" if launch.argv[0] == sys.executable else ""
        return (ServiceState(NAME, child.identity, command.ports, str(child.log), f"{launch.title}{python}"),)

    def _launch(self) -> ProcessorLaunch:
        if self.spec.processor is None:
            raise StackError("The stack has no processor to start.", hint="This is a defect of streamproof.")
        return self.spec.processor

    async def stop(self) -> StackError | None:
        """Stop the processor and what it has started. Return an error when it had to be killed."""
        launch, error = self._launch(), None
        for child in self.children:
            ended = await child.stop(launch.stop_grace_sec, signal.Signals[launch.stop_signal])
            if not ended:
                error = child.kill_error(launch.stop_signal, launch.stop_grace_sec)
        return error
