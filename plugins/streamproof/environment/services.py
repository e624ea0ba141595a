"""Services that already run, as environment variables name them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, FilePath

from streamproof.environment.variables import FromEnvironment, Switch, named
from streamproof.model.errors import UsageError
from streamproof.model.settings import FlinkSettings, KafkaSettings, WarehouseSettings, rest_url

_KAFKA_OPTION = re.compile(r"KAFKA_(SECURITY_PROTOCOL|SASL_[A-Z_]+|SSL_[A-Z_]+)")

# The modes of libpq. The first three do not require TLS.
_SslMode = Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]


class PostgresVariables(FromEnvironment):
    """A PostgreSQL that already runs, as the CLI is told: the variables of PostgreSQL's own programs."""

    host: str = named("PGHOST", default="")
    port: int = Field(default=5432, validation_alias="PGPORT", ge=1, le=65535)
    user: str = named("PGUSER", default="postgres")
    password: str = named("PGPASSWORD", default="")
    database: str = named("PGDATABASE", default="postgres")
    sslmode: _SslMode = named("PGSSLMODE", default="prefer")
    sslrootcert: FilePath | None = named("PGSSLROOTCERT", default=None)

    @property
    def settings(self) -> WarehouseSettings:
        """Return how to reach the server. A verified certificate must also bear the name of the host."""
        return WarehouseSettings(
            host=self.host or "localhost",
            port=self.port,
            user=self.user,
            password=self.password,
            database=self.database,
            secure=self.sslmode in ("require", "verify-ca", "verify-full"),
            ca_cert=str(self.sslrootcert) if self.sslrootcert else None,
            verify=self.sslmode != "require",
        )


class DlqReplayVariables(FromEnvironment):
    """The variables of a replay of dead letters: topics, brokers and window (Unix milliseconds, half-open)."""

    bootstrap: str = named("REPLAY_KAFKA_BOOTSTRAP", default="")
    dlq_topic: str = named("REPLAY_DLQ_TOPIC", default="")
    output_topic: str = named("REPLAY_OUTPUT_TOPIC", default="")
    start_ms: int | None = named("REPLAY_START_EPOCH_MS", default=None)
    end_ms: int | None = named("REPLAY_END_EPOCH_MS", default=None)
    group: str = named("REPLAY_GROUP_ID", default="")

    @classmethod
    def read_for(cls, processor_variables: Mapping[str, str], environ: Mapping[str, str] | None = None) -> Self:
        """Read them. What is not set comes from the variables of the pipeline's processor, where those are set.

        `processor_variables` names these by field. Raises UsageError naming a variable that is wrong.
        """
        given = os.environ if environ is None else environ
        found = cls.read(given)
        more = {
            field: given[variable]
            for field, variable in processor_variables.items()
            if given.get(variable) and not getattr(found, field)
        }
        return found.model_copy(update=more)


class Services(FromEnvironment):
    """Services that already run, as the CLI is told: CH_*, KAFKA_* and FLINK_*. The defaults are ClickHouse's own."""

    host: str = named("CH_HOST", default="")
    port: int | None = Field(default=None, validation_alias="CH_PORT", ge=1, le=65535)
    user: str = named("CH_USER", default="default")
    password: str = named("CH_PASSWORD", default="")
    database: str = named("CH_DATABASE", default="default")
    secure: Switch = named("CH_SECURE", default=False)
    verify: Switch = named("CH_VERIFY", default=True)
    ca_cert: FilePath | None = named("CH_CA_CERT", default=None)
    bootstrap: str = named("KAFKA_BOOTSTRAP", default="")
    bootstrap_from_clickhouse: str = named("KAFKA_BOOTSTRAP_FROM_CLICKHOUSE", default="")
    options: dict[str, str] = Field(default_factory=dict)
    flink_rest: str = named("FLINK_REST", default="")
    flink_user: str = named("FLINK_USER", default="")
    flink_password: str = named("FLINK_PASSWORD", default="")
    flink_verify: Switch = named("FLINK_VERIFY", default=True)
    flink_ca_cert: FilePath | None = named("FLINK_CA_CERT", default=None)

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read them with the TLS and SASL options: KAFKA_SSL_CA_LOCATION is librdkafka's ssl.ca.location."""
        given = os.environ if environ is None else environ
        named = {name: value for name, value in given.items() if value and _KAFKA_OPTION.fullmatch(name)}
        options = {name.removeprefix("KAFKA_").lower().replace("_", "."): value for name, value in named.items()}
        return super().read(given).model_copy(update={"options": options})

    @property
    def clickhouse(self) -> WarehouseSettings:
        """Return how to reach the warehouse; the proxy is not known here."""
        return WarehouseSettings(
            host=self.host or "localhost",
            port=self.port or (8443 if self.secure else 8123),
            user=self.user,
            password=self.password,
            database=self.database,
            secure=self.secure,
            ca_cert=str(self.ca_cert) if self.ca_cert else None,
            verify=self.verify,
        )

    def kafka(self, bootstrap: str | None = None) -> KafkaSettings:
        """Return the brokers given by an option, else by KAFKA_BOOTSTRAP. Raises UsageError when none are named."""
        servers = bootstrap or self.bootstrap
        if not servers:
            raise UsageError(
                "No Kafka is named.",
                hint="Give --bootstrap HOST:PORT or set KAFKA_BOOTSTRAP (`streamproof stack up` does).",
            )
        return KafkaSettings(servers, self.options)

    def flink(self, rest: str | None = None) -> FlinkSettings:
        """Return the Flink cluster given by an option, else by FLINK_REST; the proxy is not known here.

        Raises UsageError when none is named, or when its address is not one of an HTTP service.
        """
        address = rest or self.flink_rest
        if not address:
            raise UsageError("No Flink is named.", hint="Set FLINK_REST to the URL of its REST interface.")
        try:
            url = rest_url(address)
        except ValueError as error:
            raise UsageError(
                f"The address of Flink's REST interface cannot be used: {error}.",
                hint="It looks like https://host:8081. User and password go into FLINK_USER and FLINK_PASSWORD.",
            ) from None
        return FlinkSettings(
            url,
            user=self.flink_user,
            password=self.flink_password,
            ca_cert=str(self.flink_ca_cert) if self.flink_ca_cert else None,
            verify=self.flink_verify,
        )
