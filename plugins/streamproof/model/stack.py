"""The state of a running stack: its services and their addresses, and its supervisor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from streamproof.model.settings import FlinkSettings, KafkaSettings, WarehouseSettings


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """The identity of a process: its pid and start time (Unix seconds). A pid alone may be reused."""

    pid: int
    started_at: float


@dataclass(frozen=True, slots=True)
class ServiceState:
    """One service of a stack: its process, its loopback ports by purpose, its log file and its version.

    A service of a Docker stack has no process, but a `container` (its full id). `finished`: it is a program that ends
    by itself, and has ended with code 0.
    """

    name: str
    process: ProcessIdentity | None
    ports: Mapping[str, int]
    log: str
    version: str
    container: str = ""
    finished: bool = False

    @property
    def place(self) -> str:
        """Return the service's process or container as text."""
        return f"pid {self.process.pid}" if self.process else f"container {self.container[:12]}"


@dataclass(frozen=True, slots=True)
class StackState:
    """The content of a stack's state file.

    `status` is `starting`, `ready`, `failed` or `stopped`; with `failed`, `error` and `hint` say why. `kafka_kind` is
    `broker`, `mock`, `external` or `none`. `outside` holds the versions, by name, of services that the stack uses but
    did not start; the state holds their addresses, never their secrets. `bootstrap_from_clickhouse` is the brokers'
    address as ClickHouse reaches them, if it differs from ours. `project` is the Compose project of a Docker stack, ''
    once all of it has been removed. `flink_rest` is the URL of Flink's REST interface, '' without Flink. `source_url`
    is that of the source that serves a fixture set, '' without one.
    `postgres_secret` is the file with the password of a PostgreSQL that the stack has started, which only its user can
    read; `postgres_port` is 0 without one.
    `killed` says that the processor did not end when it was asked to, '' if it did.
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
    killed: str = ""
    killed_hint: str = ""
    flink_rest: str = ""
    source_url: str = ""
    postgres_host: str = ""
    postgres_port: int = 0
    postgres_user: str = ""
    postgres_secret: str = ""

    @property
    def kafka(self) -> KafkaSettings:
        """Return the connection settings of the brokers."""
        return KafkaSettings(self.bootstrap_servers)

    @property
    def clickhouse(self) -> WarehouseSettings:
        """Return the connection settings of ClickHouse."""
        return WarehouseSettings(
            self.clickhouse_host,
            self.clickhouse_port,
            user=self.clickhouse_user,
            secure=self.clickhouse_secure,
        )

    @property
    def warehouse_url(self) -> str:
        """Return the URL of the warehouse, without credentials."""
        if self.postgres_port:
            return f"postgresql://{self.postgres_host}:{self.postgres_port}"
        return self.clickhouse.url

    @property
    def clickhouse_url(self) -> str | None:
        """Return the URL of ClickHouse, None for a stack with another warehouse."""
        return None if self.postgres_port else self.clickhouse.url

    @property
    def flink(self) -> FlinkSettings | None:
        """Return the connection settings of Flink's REST interface, None for a stack without Flink."""
        return FlinkSettings(self.flink_rest) if self.flink_rest else None

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return asdict(self)
