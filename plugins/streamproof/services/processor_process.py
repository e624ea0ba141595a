"""The pack's stream processor as a child process."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from streamproof.model.errors import StackError
from streamproof.model.stack import ServiceState, StackState
from streamproof.runtime.environment import fill_environment, fill_text
from streamproof.runtime.process import Child
from streamproof.runtime.stack_spec import PROCESSOR, StackSpec

NAME = PROCESSOR
# Before it ends, it flushes its data and commits its offsets.
STOP_GRACE_SEC = 15.0


@dataclass(slots=True)
class ProcessorProcess:
    """The processor of one stack. Stage `pipeline_ready` checks that it runs and has its partitions."""

    spec: StackSpec
    env: Mapping[str, str]
    children: list[Child] = field(default_factory=list)

    @classmethod
    def wanted_ports(cls) -> tuple[str, ...]:
        """Return no port: the processor is only a client."""
        return ()

    @classmethod
    def of(cls, spec: StackSpec, ports: Mapping[str, int], env: Mapping[str, str]) -> ProcessorProcess:  # noqa: ARG003
        """Return the processor of a stack, not yet started."""
        return cls(spec, env)

    def endpoints(self) -> Mapping[str, Any]:
        """Return nothing: the processor is only a client."""
        return {}

    async def prepare(self, timeout: float) -> None:
        """Do nothing."""

    async def start(self, state: StackState, timeout: float) -> ServiceState:  # noqa: ARG002 - the start does not wait
        """Start the processor. `state` has the addresses of the others. Raises StackError when it ends at once."""
        launch = self.spec.processor
        if launch is None:
            raise StackError("The stack has no processor to start.", hint="This is a defect of streamproof.")
        if launch.status_file:
            await asyncio.to_thread(Path(launch.status_file).unlink, missing_ok=True)
        child = await Child.start(
            NAME,
            [fill_text(part, state) for part in launch.argv],
            log=self.spec.log(NAME),
            env={**self._base_environment(), **fill_environment(launch.env, state)},
            cwd=self.spec.root,
        )
        self.children.append(child)
        python = f" (Python {sys.version.split()[0]})" if launch.argv[0] == sys.executable else ""
        return ServiceState(NAME, child.identity, {}, str(child.log), f"{launch.title}{python}")

    def _base_environment(self) -> Mapping[str, str]:
        """Return the basic environment, in which Python finds the modules of the pack first."""
        launch = self.spec.processor
        if launch is None or not launch.python_path:
            return self.env
        folders = [launch.python_path, *filter(None, [self.env.get("PYTHONPATH")])]
        return {**self.env, "PYTHONPATH": os.pathsep.join(folders)}

    async def stop(self) -> None:
        """Stop the processor."""
        for child in self.children:
            await child.stop(STOP_GRACE_SEC)
