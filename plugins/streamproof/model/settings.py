"""Where the services of a run are. Plain values: the faces resolve them from Airflow connections or the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class KafkaSettings:
    """How to reach the brokers; `options` are librdkafka properties (security.protocol, sasl.*, ssl.*)."""

    bootstrap_servers: str
    options: Mapping[str, str] = field(default_factory=dict, repr=False)

    def client_config(self, **extra: object) -> dict[str, object]:
        """Return a confluent-kafka configuration; `extra` keys are given with underscores for dots."""
        named = {key.replace("_", "."): value for key, value in extra.items()}
        return {"bootstrap.servers": self.bootstrap_servers, **self.options, **named}


@dataclass(frozen=True, slots=True)
class ClickHouseSettings:
    """How to reach the ClickHouse HTTP interface; `database` is the connection's default database."""

    host: str
    port: int
    user: str = "default"
    password: str = field(default="", repr=False)
    database: str = "default"
    secure: bool = False

    @property
    def url(self) -> str:
        """Return the base URL, without credentials."""
        return f"{'https' if self.secure else 'http'}://{self.host}:{self.port}"

    def using(self, database: str) -> ClickHouseSettings:
        """Return the same server with another default database."""
        return replace(self, database=database)
