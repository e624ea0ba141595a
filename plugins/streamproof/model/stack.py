"""What is known of a running stack: which services, where, and who owns them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from streamproof.model.settings import ClickHouseSettings, KafkaSettings


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """A process for certain: a pid alone may be reused, a pid with its start time (Unix seconds) is not."""

    pid: int
    started_at: float


@dataclass(frozen=True, slots=True)
class ServiceState:
    """One service of a stack: its process, its loopback ports by purpose, its log file and its version.

    A service of a stack on Docker has no process of this machine but a `container` (its full id).
    """

    name: str
    process: ProcessIdentity | None
    ports: Mapping[str, int]
    log: str
    version: str
    container: str = ""

    @property
    def place(self) -> str:
        """Return in words what the service runs as."""
        return f"pid {self.process.pid}" if self.process else f"container {self.container[:12]}"


@dataclass(frozen=True, slots=True)
class StackState:
    """The content of a stack's state file.

    `status` is `starting`, `ready`, `failed` or `stopped`; with `failed`, `error` and `hint` say why.
    `kafka_kind` is `broker` or `mock`. `outside` are versions by name of services that the stack uses and did not
    start; of these the state knows addresses, never secrets. `bootstrap_from_clickhouse` is where ClickHouse finds
    the brokers when that is another address than ours; `project` is the Compose project of a stack on Docker, as long
    as any of it may be there.
    """

    name: str
    status: str
    supervisor: ProcessIdentity
    kafka_kind: str
    bootstrap_servers: str
    clickhouse_host: str
    clickhouse_port: int
    clickhouse_tcp_port: int
    clickhouse_user: str
    services: tuple[ServiceState, ...] = ()
    error: str | None = None
    hint: str | None = None
    clickhouse_secure: bool = False
    outside: Mapping[str, str] = field(default_factory=dict)
    bootstrap_from_clickhouse: str = ""
    project: str = ""

    @property
    def kafka(self) -> KafkaSettings:
        """Return how to reach the brokers."""
        return KafkaSettings(self.bootstrap_servers)

    @property
    def clickhouse(self) -> ClickHouseSettings:
        """Return how to reach ClickHouse."""
        return ClickHouseSettings(
            self.clickhouse_host,
            self.clickhouse_port,
            user=self.clickhouse_user,
            secure=self.clickhouse_secure,
        )

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> StackState:
        """Read back what `as_json` wrote."""
        services = tuple(
            ServiceState(
                **{**service, "process": ProcessIdentity(**service["process"]) if service["process"] else None}
            )
            for service in data["services"]
        )
        return cls(**{**data, "supervisor": ProcessIdentity(**data["supervisor"]), "services": services})
