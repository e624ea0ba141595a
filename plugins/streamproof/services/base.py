"""What a service of a local stack is: something that a run can start, with endpoints and a log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from streamproof.model.stack import ServiceState, StackState
from streamproof.runtime.process import Child
from streamproof.runtime.stack_spec import StackSpec


class Service(Protocol):
    """One service of one stack. It owns its processes, its log and its end."""

    children: list[Child]

    @classmethod
    def wanted_ports(cls) -> tuple[str, ...]:
        """Return the purposes of the ports that it listens on."""

    @classmethod
    def of(cls, spec: StackSpec, ports: Mapping[str, int], env: Mapping[str, str]) -> Service:
        """Return the service of a stack, not started; `ports` are by purpose, `env` is its basic environment."""

    async def start(self, state: StackState, timeout: float) -> ServiceState:
        """Start it and return when it answers; `state` says what is up already. Raises StackError.

        `timeout` is in seconds.
        """

    def endpoints(self) -> Mapping[str, Any]:
        """Return the fields of the stack's state that this service gives: where it is found."""

    async def prepare(self, timeout: float) -> None:
        """Make what others need of it, once it is up: topics, say. Raises StackError."""

    async def stop(self) -> None:
        """Stop it; its data are removed with the stack."""
