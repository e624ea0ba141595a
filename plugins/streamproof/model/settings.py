"""Addresses and credentials of a run's services. They come from Airflow connections or from the environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

_SECRET = re.compile(r"password|secret|token|pem|jaas|oauthbearer\.config")


@dataclass(frozen=True, slots=True)
class KafkaSettings:
    """How to reach the brokers; `options` are librdkafka properties (security.protocol, sasl.*, ssl.*)."""

    bootstrap_servers: str
    options: Mapping[str, str] = field(default_factory=dict, repr=False)

    def client_config(self, **extra: object) -> dict[str, object]:
        """Return a confluent-kafka configuration. In the keys of `extra`, underscores stand for dots."""
        named = {key.replace("_", "."): value for key, value in extra.items()}
        return {"bootstrap.servers": self.bootstrap_servers, **self.options, **named}


@dataclass(frozen=True, slots=True)
class WarehouseSettings:
    """How to reach a database server; `database` is the connection's default database.

    `secure` means TLS. `ca_cert` is a file of certificate authorities that replaces the system's. `verify` is false
    only if the connection says so. `proxy` is the URL of the HTTP proxy of a warehouse that is reached by HTTP, None
    for a direct connection. The default user and database are those of ClickHouse.
    """

    host: str
    port: int
    user: str = "default"
    password: str = field(default="", repr=False)
    database: str = "default"
    secure: bool = False
    ca_cert: str | None = None
    verify: bool = True
    proxy: str | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """Return the base URL of a warehouse that is reached by HTTP, without credentials."""
        return f"{'https' if self.secure else 'http'}://{self.host}:{self.port}"

    def using(self, database: str) -> WarehouseSettings:
        """Return the same server with another default database."""
        return replace(self, database=database)


@dataclass(frozen=True, slots=True)
class FlinkSettings:
    """How to reach the REST interface of a Flink cluster.

    `url` is its base URL, without credentials and without a final slash, as `rest_url` returns it. `user` is '' where
    no basic authentication is needed. `ca_cert`, `verify` and `proxy` mean the same as for a warehouse.
    """

    url: str
    user: str = ""
    password: str = field(default="", repr=False)
    ca_cert: str | None = None
    verify: bool = True
    proxy: str | None = field(default=None, repr=False)

    @property
    def host(self) -> str:
        """Return the host of the URL."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """Return the port of the URL, by default that of its scheme."""
        return urlsplit(self.url).port or (443 if self.secure else 80)

    @property
    def secure(self) -> bool:
        """Return whether the connection uses TLS."""
        return self.url.startswith("https://")


def rest_url(address: str) -> str:
    """Return the base URL of an HTTP service from its address: a URL, or `host:port`, which is reached without TLS.

    Raises ValueError that says what is wrong. It does not repeat the address, which may hold a password.
    """
    text = address.strip()
    parts = urlsplit(text if "://" in text else f"http://{text}")
    if parts.username or parts.password:
        raise ValueError("it holds a user or a password")
    if parts.scheme not in ("http", "https"):
        raise ValueError("it is neither http nor https")
    if parts.query or parts.fragment:
        raise ValueError("it has a query or a fragment")
    try:
        port = parts.port
    except ValueError:
        raise ValueError("its port is not one of 1 to 65535") from None
    if not parts.hostname or port == 0 or any(map(str.isspace, parts.netloc)):
        raise ValueError("it names no host and port")
    return parts.geturl().rstrip("/")


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """The service itself, from which a pipeline fetches in place of a source on this machine.

    `url` is its base URL, https. `ca_file` is a file of authorities to trust, '' for the system's. `most_cost` is what
    a run may cost, in the currency of the service.
    """

    url: str
    key: str = field(repr=False)
    ca_file: str = ""
    most_cost: float = 0.0


@dataclass(frozen=True, slots=True)
class Connections:
    """Connections to services that already run: those of stack `external`, or the warehouse of mode `observe`.

    They are never written to the run's folder. `source` describes where they come from, for hints. `kafka` and `flink`
    are None if they are not needed. `kafka_from_clickhouse` are the addresses by which ClickHouse reaches the brokers.
    `service` is what the pipeline fetches from, None for the run's own source.
    """

    warehouse: WarehouseSettings
    source: str
    kafka: KafkaSettings | None = None
    kafka_from_clickhouse: str = ""
    flink: FlinkSettings | None = None
    service: ServiceSettings | None = None

    def secrets(self) -> tuple[str, ...]:
        """Return every value that must not be shown, longest first."""
        options = self.kafka.options if self.kafka else {}
        found = {self.warehouse.password, *(value for name, value in options.items() if _SECRET.search(name))}
        found.add(self.flink.password if self.flink else "")
        found.add(self.service.key if self.service else "")
        return tuple(sorted((secret for secret in found if secret), key=len, reverse=True))
