"""The pack's stream processor as a child process."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from streamproof.model.errors import StackError
from streamproof.model.stack import ServiceState, StackState
from streamproof.packs.processors import fill_known
from streamproof.runtime.environment import placeholder_values, secret_values
from streamproof.runtime.ports import PortReservation
from streamproof.runtime.process import Child
from streamproof.runtime.stack_spec import PROCESSOR, ProcessorLaunch, StackSpec

NAME = PROCESSOR
_OWN_FILE = 0o600


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
        # The program may listen on any of its ports or on none, so they are free when it starts.
        with PortReservation(dict.fromkeys(launch.ports, 0)) as reserved:
            ports = dict(reserved.ports)
        values = {**placeholder_values(state), **{f"port.{name}": str(port) for name, port in ports.items()}}
        # Every user of the machine can read arguments, so these hold no secret.
        known = {**values, **secret_values(state)}
        await asyncio.to_thread(_write_files, launch, known)
        argv = [fill_known(part, values) for part in launch.argv]
        env = {**self._base_environment(), **{name: fill_known(text, known) for name, text in launch.env.items()}}
        self._require_program(argv[0], env)
        child = await Child.start(NAME, argv, log=self.spec.log(NAME), env=env, cwd=self.spec.root)
        self.children.append(child)
        python = f" (Python {sys.version.split()[0]})" if launch.argv[0] == sys.executable else ""
        return (ServiceState(NAME, child.identity, ports, str(child.log), f"{launch.title}{python}"),)

    def _launch(self) -> ProcessorLaunch:
        if self.spec.processor is None:
            raise StackError("The stack has no processor to start.", hint="This is a defect of streamproof.")
        return self.spec.processor

    def _require_program(self, program: str, env: Mapping[str, str]) -> None:
        path = str(self.spec.root / program) if "/" in program else program
        if shutil.which(path, path=env.get("PATH")) is None:
            raise StackError(
                f"The processor cannot be started: there is no program {program}.",
                hint="It is the first of `argv` of the processor in pack.yaml. Give its path, or install it.",
            )

    def _base_environment(self) -> Mapping[str, str]:
        """Return the basic environment, in which Python finds the modules of the pack first."""
        folder = self._launch().python_path
        if not folder:
            return self.env
        folders = [folder, *filter(None, [self.env.get("PYTHONPATH")])]
        return {**self.env, "PYTHONPATH": os.pathsep.join(folders)}

    async def stop(self) -> StackError | None:
        """Stop the processor and what it has started. Return an error when it had to be killed."""
        launch, error = self._launch(), None
        for child in self.children:
            ended = await child.stop(launch.stop_grace_sec, signal.Signals[launch.stop_signal])
            if not ended:
                error = child.kill_error(launch.stop_signal, launch.stop_grace_sec)
        return error


def _write_files(launch: ProcessorLaunch, values: Mapping[str, str]) -> None:
    """Write the processor's files, which may hold secrets, and remove the status file of an earlier start."""
    if launch.status_file:
        Path(launch.status_file).unlink(missing_ok=True)
    for name, text in launch.files.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=_OWN_FILE)
        path.write_text(fill_known(text, values), encoding="utf-8")
