"""The environment of the CLI, as `streamproof.environment` defines it.

Only a command that runs imports that module, so that `--help` is fast.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from streamproof.model.errors import UsageError
from streamproof.model.settings import Connections, FlinkSettings, KafkaSettings, WarehouseSettings

if TYPE_CHECKING:
    from streamproof.environment import Environment


# The kind of warehouse that PG* name. CH_* name the other one.
POSTGRES = "postgres"


def read_environment(environ: Mapping[str, str] | None = None) -> Environment:
    """Read the settings of all commands. Raises UsageError when the project folder has no packs."""
    from streamproof.environment import Environment

    found = Environment.read(environ)
    if not (found.home / "include" / "packs").is_dir():
        raise UsageError(
            f"{found.home} is not a streamproof project: it has no folder include/packs.",
            hint="Set STREAMPROOF_HOME to the folder of the checkout.",
        )
    return found


def warehouse_settings(kind: str, environ: Mapping[str, str] | None = None) -> WarehouseSettings:
    """Return the warehouse of this kind that CH_* or PG* name. Raises UsageError for a wrong value."""
    from streamproof.environment import PostgresVariables

    return PostgresVariables.read(environ).settings if kind == POSTGRES else clickhouse_settings(environ)


def clickhouse_settings(environ: Mapping[str, str] | None = None) -> WarehouseSettings:
    """Read CH_HOST, CH_PORT, CH_DATABASE, CH_USER, CH_PASSWORD, CH_SECURE, CH_CA_CERT and CH_VERIFY.

    Raises UsageError for an invalid port, a CH_SECURE or CH_VERIFY that is neither yes nor no, or a CH_CA_CERT that is
    not a file.
    """
    from streamproof.environment import Environment, Services

    return Environment.read(environ).through_proxy(Services.read(environ).clickhouse)


def kafka_settings(bootstrap: str | None, environ: Mapping[str, str] | None = None) -> KafkaSettings:
    """Return the brokers given by an option, else by KAFKA_BOOTSTRAP, with the TLS and SASL options of the environment.

    KAFKA_SECURITY_PROTOCOL, KAFKA_SASL_* and KAFKA_SSL_* are librdkafka's properties of the same name. Raises
    UsageError when no broker is named.
    """
    from streamproof.environment import Services

    return Services.read(environ).kafka(bootstrap)


def flink_settings(rest: str | None, environ: Mapping[str, str] | None = None) -> FlinkSettings:
    """Return the Flink cluster given by an option, else by FLINK_REST, with FLINK_USER, _PASSWORD, _CA_CERT, _VERIFY.

    Raises UsageError when none is named or a variable is wrong.
    """
    from streamproof.environment import Environment, Services

    return Environment.read(environ).through_proxy(Services.read(environ).flink(rest))


def connections(
    *, warehouse: str, kafka: bool, flink: bool = False, environ: Mapping[str, str] | None = None
) -> Connections:
    """Return the services that already run: the warehouse of this kind, and on request Kafka and Flink.

    They are named by CH_* or PG*, KAFKA_* and FLINK_*.

    KAFKA_BOOTSTRAP_FROM_CLICKHOUSE is the brokers' address as ClickHouse reaches them, if it differs. Raises UsageError
    when CH_HOST or PGHOST is not set, because the warehouse is never guessed.
    """
    from streamproof.environment import Services

    services = Services.read(environ)
    _refuse_unnamed(warehouse, environ)
    brokers = services.kafka() if kafka else None
    named = (
        "PG*" if warehouse == POSTGRES else "CH_*",
        *(["KAFKA_*"] if kafka else []),
        *(["FLINK_*"] if flink else []),
    )
    return Connections(
        warehouse=warehouse_settings(warehouse, environ),
        source=f"the environment ({', '.join(named)})",
        kafka=brokers,
        kafka_from_clickhouse=services.bootstrap_from_clickhouse or (brokers.bootstrap_servers if brokers else ""),
        flink=flink_settings(None, environ) if flink else None,
    )


def _refuse_unnamed(warehouse: str, environ: Mapping[str, str] | None) -> None:
    from streamproof.environment import PostgresVariables, Services

    if warehouse == POSTGRES:
        if not PostgresVariables.read(environ).host:
            raise UsageError("No PostgreSQL is named.", hint="Set PGHOST, and PGPORT, PGUSER, PGPASSWORD, PGDATABASE.")
    elif not Services.read(environ).host:
        raise UsageError("No ClickHouse is named.", hint="Set CH_HOST, and CH_PORT, CH_USER, CH_PASSWORD, CH_DATABASE.")
