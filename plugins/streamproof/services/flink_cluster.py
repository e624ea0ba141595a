"""A Flink cluster on loopback: a job manager, task managers with one slot each, and ZooKeeper on request."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamproof.flink.diagnosis import root_cause
from streamproof.model.errors import StackError
from streamproof.model.settings import FlinkSettings
from streamproof.model.stack import ServiceState, StackState
from streamproof.model.waiting import Probe, wait_until_async
from streamproof.runtime.files import last_lines
from streamproof.runtime.flink_home import flink_home, flink_version
from streamproof.runtime.ports import LOOPBACK
from streamproof.runtime.process import Child
from streamproof.runtime.stack_spec import (
    FLINK_REST_PORT,
    FLINK_RPC_PORT,
    FLINK_ZOOKEEPER_PORT,
    FlinkSpec,
    StackSpec,
)
from streamproof.services.flink_setup import (
    JOB_MANAGER,
    TASK_MANAGER,
    ZOOKEEPER,
    FlinkSetup,
    flink_setup,
)

if TYPE_CHECKING:
    from streamproof.flink.client import FlinkClient

# A process that ends more often than this is broken, and starting it again would only hide that.
MOST_RESTARTS = 5
# A stack trace is long, and others may follow it.
LINES_OF_CAUSES = 400


@dataclass(slots=True)
class FlinkCluster:
    """The Flink cluster of one stack. `ports` holds its ports by purpose."""

    spec: StackSpec
    flink: FlinkSpec
    ports: Mapping[str, int]
    env: Mapping[str, str]
    children: list[Child] = field(default_factory=list)
    _commands: dict[str, list[str]] = field(default_factory=dict)
    _restarts: Counter[str] = field(default_factory=Counter)
    _setup: FlinkSetup | None = None

    @classmethod
    def wanted_ports(cls) -> tuple[str, ...]:
        """Return the purposes of the ports that it needs. Flink chooses the other ports, which nobody has to know."""
        return (FLINK_REST_PORT, FLINK_RPC_PORT, FLINK_ZOOKEEPER_PORT)

    @classmethod
    def of(cls, spec: StackSpec, ports: Mapping[str, int], env: Mapping[str, str]) -> FlinkCluster:
        """Return the cluster of a stack, not yet started. Raises StackError when the stack has none."""
        if spec.flink is None:
            raise StackError("The stack has no Flink cluster to start.", hint="This is a defect of streamproof.")
        return cls(spec, spec.flink, ports, env)

    @property
    def rest(self) -> str:
        """Return the URL of its REST interface."""
        return f"http://{LOOPBACK}:{self.ports[FLINK_REST_PORT]}"

    def endpoints(self) -> Mapping[str, Any]:
        """Return its address as fields of the stack's state."""
        return {"flink_rest": self.rest}

    async def prepare(self, timeout: float) -> None:
        """Do nothing: a run deploys its job."""

    async def start(self, state: StackState, timeout: float) -> tuple[ServiceState, ...]:  # noqa: ARG002 - it uses no other service
        """Start all processes at once and return when the task managers have offered their slots. Raises StackError."""
        home = flink_home(Path(self.spec.home), Path(self.spec.cache_dir))
        if not home.complete:
            raise StackError("Flink is not installed.", hint="Install it: streamproof setup --flink.")
        setup = await asyncio.to_thread(flink_setup, self.spec, self.flink, home, self.ports)
        self._setup = setup
        if self.flink.high_availability:
            self._commands[ZOOKEEPER] = setup.zookeeper()
        self._commands[JOB_MANAGER] = setup.job_manager()
        for number in range(1, self.flink.task_managers + 1):
            name = f"{TASK_MANAGER}-{number}"
            self._commands[name] = setup.task_manager(name)
        children = [await self._launch(name) for name in self._commands]
        await self._wait_for_slots(children, timeout)
        return tuple(self._state_of(child, setup) for child in children)

    async def _wait_for_slots(self, children: Sequence[Child], timeout: float) -> None:
        # A stack without Flink does not load its client.
        from streamproof.flink.client import FlinkClient  # noqa: PLC0415

        hint = f"Its log is {self.spec.log(JOB_MANAGER)}."
        with FlinkClient(FlinkSettings(self.rest)) as client:

            def look() -> Probe:
                for child in children:
                    if child.ended:
                        raise start_error(child)
                return look_for_slots(client, self.flink.task_managers)

            await wait_until_async(look, timeout=timeout, message="the Flink cluster", hint=hint)

    async def _launch(self, name: str) -> Child:
        if self._setup is None:
            raise StackError("The Flink cluster was not set up.", hint="This is a defect of streamproof.")
        env = self._setup.environment(self.env)
        child = await Child.start(name, self._commands[name], log=self.spec.log(name), env=env, cwd=self.spec.root)
        self.children.append(child)
        return child

    def _state_of(self, child: Child, setup: FlinkSetup) -> ServiceState:
        purposes = {JOB_MANAGER: (FLINK_REST_PORT, FLINK_RPC_PORT), ZOOKEEPER: (FLINK_ZOOKEEPER_PORT,)}
        return ServiceState(
            name=child.name,
            process=child.identity,
            ports={purpose: self.ports[purpose] for purpose in purposes.get(child.name, ())},
            log=str(child.log),
            version=f"{flink_version(Path(self.spec.home))} (Apache Flink, {self.flink.task_managers} x 1 slots, "
            f"JRE {setup.java_version})",
        )

    async def restart(self, ended: Child) -> tuple[Child, ServiceState] | None:
        """Start a process again that has ended. Return None when its end is the end of the stack."""
        self._restarts[ended.name] += 1
        if not self.flink.restarts or self._setup is None or self._restarts[ended.name] > MOST_RESTARTS:
            return None
        # This ends what it has left in its session.
        await ended.stop()
        self.children.remove(ended)
        child = await self._launch(ended.name)
        return child, self._state_of(child, self._setup)

    async def stop(self) -> None:
        """Stop the task managers, then the others. The supervisor removes their data."""
        order: Sequence[str] = (TASK_MANAGER, JOB_MANAGER, ZOOKEEPER)
        for kind in order:
            await asyncio.gather(*(child.stop() for child in self.children if child.name.startswith(kind)))


def start_error(child: Child) -> StackError:
    """Return the error for a process that ended while starting, with the last cause in its log."""
    error = child.exit_error("while starting")
    text = last_lines(child.log, LINES_OF_CAUSES)
    if "Caused by: " not in text:
        return error
    return StackError(f"{error.message.removesuffix('.')}: {root_cause(text)}", hint=error.hint)


def look_for_slots(client: FlinkClient, task_managers: int) -> Probe:
    """Return whether a cluster has as many task managers, with a slot each."""
    from streamproof.flink.rest import UnreachableError  # noqa: PLC0415 - as its client

    try:
        found = client.overview()
    except UnreachableError as error:
        return Probe(False, error.message)
    present = found.task_managers
    missing = f"{task_managers - present} of {task_managers} task managers"
    return Probe(present == found.slots == task_managers, missing)
