"""The interface of a service of a local stack: a run can start and stop it, and it has endpoints and a log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from streamproof.model.errors import StackError
from streamproof.model.stack import ServiceState, StackState
from streamproof.runtime.process import Child
from streamproof.runtime.stack_spec import StackSpec


class Service(Protocol):
    """One service of one stack. It starts, logs and stops its own processes."""

    children: list[Child]

    @classmethod
    def wanted_ports(cls) -> tuple[str, ...]:
        """Return the purposes of the ports that it listens on."""

    @classmethod
    def of(cls, spec: StackSpec, ports: Mapping[str, int], env: Mapping[str, str]) -> Service:
        """Return the service of a stack, not yet started. `ports` are by purpose; `env` is its basic environment."""

    async def start(self, state: StackState, timeout: float) -> tuple[ServiceState, ...]:
        """Start the service and return when it answers: an entry for each of its processes. Raises StackError.

        `state` is the present state of the stack; `timeout` is in seconds.
        """

    def endpoints(self) -> Mapping[str, Any]:
        """Return its address as fields of the stack's state."""

    async def prepare(self, timeout: float) -> None:
        """Create what other services need from it, such as topics, once it is up. Raises StackError."""

    async def stop(self) -> StackError | None:
        """Stop it. Its data are removed with the stack. Return an error if the user must know that it was killed."""


@runtime_checkable
class RestartingService(Protocol):
    """A service that may start a process again that has ended."""

    async def restart(self, ended: Child) -> tuple[Child, ServiceState] | None:
        """Start a process again and return it with its entry. Return None when its end is the end of the stack."""
