"""What is known of a running stack: which services, where, and who owns them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from streamproof.model.settings import ClickHouseSettings, KafkaSettings


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """A process for certain: a pid alone may be reused, a pid with its start time (Unix seconds) is not."""

    pid: int
    started_at: float


@dataclass(frozen=True, slots=True)
class ServiceState:
    """One service of a stack: its process, its loopback ports by purpose, its log file and its version."""

    name: str
    process: ProcessIdentity
    ports: Mapping[str, int]
    log: str
    version: str


@dataclass(frozen=True, slots=True)
class StackState:
    """The content of a stack's state file.

    `status` is `starting`, `ready`, `failed` or `stopped`; with `failed`, `error` and `hint` say why.
    `kafka_kind` is `broker` or `mock`.
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

    @property
    def kafka(self) -> KafkaSettings:
        """Return how to reach the brokers."""
        return KafkaSettings(self.bootstrap_servers)

    @property
    def clickhouse(self) -> ClickHouseSettings:
        """Return how to reach ClickHouse."""
        return ClickHouseSettings(self.clickhouse_host, self.clickhouse_port, user=self.clickhouse_user)

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> StackState:
        """Read back what `as_json` wrote."""
        services = tuple(
            ServiceState(**{**service, "process": ProcessIdentity(**service["process"])})
            for service in data["services"]
        )
        return cls(**{**data, "supervisor": ProcessIdentity(**data["supervisor"]), "services": services})
