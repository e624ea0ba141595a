"""The state file of a stack, and the log of its supervisor. The supervisor writes both."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from streamproof.model.stack import ServiceState, StackState
from streamproof.model.window import iso_ms
from streamproof.runtime.files import write_json
from streamproof.runtime.stack_spec import StackSpec


def say(text: str) -> None:
    """Write a line to the supervisor's log, to which its standard error goes."""
    sys.stderr.write(f"{iso_ms(datetime.now(UTC))} {text}\n")
    sys.stderr.flush()


class StateFile:
    """The state of one stack, in a file that other processes read."""

    def __init__(self, spec: StackSpec, state: StackState) -> None:
        self.spec, self.state = spec, state

    def write_status(self, status: str, error: str | None = None, hint: str | None = None) -> None:
        """Change the status and write the state file."""
        if status != self.state.status:
            say(f"{status}{f': {error}' if error else ''}")
        self.update(status=status, error=error, hint=hint)

    def update(self, **changes: Any) -> None:
        """Change fields of the state and write it."""
        self.state = replace(self.state, **changes)
        write_json(self.spec.state_file, self.state.as_json())

    def expect(self, **fields: Any) -> None:
        """Set fields without writing the file: addresses of services that are not up yet."""
        self.state = replace(self.state, **fields)

    def finish(self, name: str) -> None:
        """Note that a service that ends by itself has ended well."""
        say(f"{name} has finished")
        services = (replace(entry, finished=entry.finished or entry.name == name) for entry in self.state.services)
        self.update(services=tuple(services))

    def replace(self, service: ServiceState) -> None:
        """Change the entry of a service whose process was started again."""
        say(f"{service.name} was started again, {service.place}")
        services = (service if entry.name == service.name else entry for entry in self.state.services)
        self.update(services=tuple(services))

    def add(self, service: ServiceState) -> None:
        """Add a service that is up."""
        say(f"{service.name} is up, {service.place}")
        self.update(services=(*self.state.services, service))
