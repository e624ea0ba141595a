"""What the steps of an operation share: the cluster, the record, the time limits, and what a wait is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from streamproof.flink.client import FlinkClient
from streamproof.flink.deploying.record import Operation, Record, Store
from streamproof.model.errors import EXIT_CHECK_FAILED, FlinkError
from streamproof.model.waiting import Probe


@dataclass(frozen=True, slots=True)
class Limits:
    """Time limits in seconds, and how many restarts a new job may need.

    `watch` is how long a new job must run without a failure before it counts as deployed. `reach` is how long the job
    manager may be away.
    """

    savepoint: float = 300
    start: float = 180
    watch: float = 20
    reach: float = 60
    restarts: int = 2


@dataclass(frozen=True, slots=True)
class Wait:
    """A condition that is awaited, with its name in the table of waits.

    `look` raises FlinkError when it can no longer hold.
    """

    name: str
    look: Callable[[], Probe]
    timeout: float
    message: str
    hint: str


class GateFailedError(FlinkError):
    """The check after an update failed, and the previous job was restored."""

    exit_code = EXIT_CHECK_FAILED


Gate = Callable[[str], str]
"""A function that is called with the id of the new job. It returns '' when the job is good, else what is wrong."""


def _silent(_message: str) -> None:
    """Ignore the progress."""


@dataclass
class Work:
    """One deployment with the means to change it. `say` is told what is being done."""

    client: FlinkClient
    store: Store
    record: Record
    limits: Limits = field(default_factory=Limits)
    gate: Gate | None = None
    say: Callable[[str], None] = _silent

    @property
    def operation(self) -> Operation:
        """Return the operation that is under way."""
        return self.record.going_on

    def save(self) -> None:
        """Write the record."""
        self.store.write(self.record)
