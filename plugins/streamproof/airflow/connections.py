"""Read Airflow's connections to services that a run did not start, and convert them to plain settings."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from streamproof.airflow.settings import read_settings
from streamproof.environment import Environment
from streamproof.model.errors import StackError, StreamproofError
from streamproof.model.settings import Connections, FlinkSettings, KafkaSettings, WarehouseSettings, rest_url
from streamproof.packs.sources import named_service

if TYPE_CHECKING:
    from streamproof.runs.context import RunContext

BOOTSTRAP = "bootstrap.servers"
# The kind of warehouse, and the type of its connection.
POSTGRES = "postgres"
# Only these options of a Kafka connection are used. They concern the network; the others belong to a single client.
_PASSED_ON = ("security.", "sasl.", "ssl.", "enable.ssl.", "socket.", "broker.address.", "client.dns.")


def with_connections(ctx: RunContext) -> RunContext:
    """Return the run with a function that reads its connections, if it uses services that it did not start."""
    if not ctx.plan.needs_connections:
        return ctx
    resolve = resolver(warehouse=ctx.pack.warehouse, kafka=ctx.needs_kafka, flink=ctx.needs_flink)
    if not ctx.plan.service_url:
        return ctx.connected(resolve)
    # The service itself is named by variables here, too: its key never is in the plan.
    return ctx.connected(lambda: replace(resolve(), service=named_service(ctx.pack, os.environ)))


def resolver(*, warehouse: str, kafka: bool, flink: bool = False) -> Callable[[], Connections]:
    """Return a function that reads the connections once. It raises StackError when one is missing or incomplete."""

    @cache
    def resolve() -> Connections:
        return resolve_connections(read_settings(), warehouse=warehouse, kafka=kafka, flink=flink)

    return resolve


def resolve_connections(settings: Environment, *, warehouse: str, kafka: bool, flink: bool = False) -> Connections:
    """Read the connection of the warehouse and, if asked for, those of Kafka and Flink. Raises StackError."""
    conn_id = warehouse_conn_id(settings, warehouse)
    there = warehouse_connection(settings, warehouse, conn_id)
    found = Connections(there, source=f"the Airflow connection {conn_id}")
    if kafka:
        brokers = kafka_connection(settings.kafka_conn_id)
        found = replace(
            found,
            source=f"the Airflow connections {conn_id} and {settings.kafka_conn_id}",
            kafka=brokers,
            kafka_from_clickhouse=settings.kafka_from_clickhouse or brokers.bootstrap_servers,
        )
    if flink:
        found = replace(found, source=f"{found.source}, and {settings.flink_conn_id}", flink=flink_connection(settings))
    return found


def flink_connection(settings: Environment) -> FlinkSettings:
    """Read the connection to Flink's REST interface. Raises StackError when Airflow does not have it or it is wrong."""
    return settings.through_proxy(flink_settings(_get("http", settings.flink_conn_id), settings.flink_conn_id))


def flink_settings(connection: Any, conn_id: str) -> FlinkSettings:
    """Convert a connection of type `http` (provider http) to settings.

    As for the provider's hook, its host may be a URL, its schema is http or https, and `verify` of its extra is false,
    or a file of certificate authorities. `ca_cert` is another name for that file. Raises StackError.
    """
    extra: Mapping[str, Any] = connection.extra_dejson
    host, verify = (connection.host or "").rstrip("/"), extra.get("verify", True)
    address = host if "://" in host else f"{connection.schema or 'http'}://{host}"
    try:
        url = rest_url(f"{address}:{connection.port}" if connection.port else address)
    except ValueError as error:
        raise StackError(
            f"The Airflow connection {conn_id} is no address of Flink's REST interface: {error}.",
            hint="Its type is http; it needs schema, host and port. User and password go into login and password.",
        ) from None
    named = verify if isinstance(verify, str) and verify.lower() not in ("true", "false") else extra.get("ca_cert")
    return FlinkSettings(
        url,
        user=connection.login or "",
        password=connection.password or "",
        ca_cert=named,
        verify=str(verify).lower() != "false",
    )


def warehouse_conn_id(settings: Environment, kind: str) -> str:
    """Return the id of the connection to a warehouse of this kind."""
    return settings.postgres_conn_id if kind == POSTGRES else settings.clickhouse_conn_id


def warehouse_connection(settings: Environment, kind: str, conn_id: str) -> WarehouseSettings:
    """Read one connection to a warehouse of this kind. Raises StackError when Airflow does not have it."""
    if kind == POSTGRES:
        return postgres_settings(_get(POSTGRES, conn_id))
    return settings.through_proxy(clickhouse_settings(_get("clickhouse", conn_id)))


def postgres_settings(connection: Any) -> WarehouseSettings:
    """Convert a connection of type `postgres` (provider postgres) to settings. Its extra holds libpq's options."""
    extra: Mapping[str, Any] = connection.extra_dejson
    mode = str(extra.get("sslmode", "prefer"))
    return WarehouseSettings(
        host=connection.host or "localhost",
        port=int(connection.port or 5432),
        user=connection.login or "postgres",
        password=connection.password or "",
        database=connection.schema or "postgres",
        secure=mode in ("require", "verify-ca", "verify-full"),
        ca_cert=extra.get("sslrootcert"),
        verify=mode != "require",
    )


def clickhouse_settings(connection: Any) -> WarehouseSettings:
    """Convert a connection of type `clickhouse` (provider clickhousedb) to settings, as the provider's hook does."""
    extra: Mapping[str, Any] = connection.extra_dejson
    client = extra.get("client_kwargs")
    secure = bool(extra.get("secure", False))
    return WarehouseSettings(
        host=connection.host or "localhost",
        port=int(connection.port or (8443 if secure else 8123)),
        user=connection.login or "default",
        password=connection.password or "",
        database=connection.schema or "default",
        secure=secure,
        ca_cert=client.get("ca_cert") if isinstance(client, Mapping) else None,
        verify=bool(extra.get("verify", True)),
    )


def kafka_connection(conn_id: str) -> KafkaSettings:
    """Read one Kafka connection. Raises StackError when Airflow does not have it or it names no brokers."""
    return kafka_settings(_get("kafka", conn_id), conn_id)


def kafka_settings(connection: Any, conn_id: str) -> KafkaSettings:
    """Convert a connection of type `kafka` (provider apache-kafka) to settings. Its extra holds librdkafka's options.

    Raises StackError when it names no brokers.
    """
    config: Mapping[str, Any] = connection.extra_dejson
    servers = config.get(BOOTSTRAP)
    if not servers:
        raise StackError(
            f"The Airflow connection {conn_id} names no brokers.", hint=f'Its extra needs "{BOOTSTRAP}": "host:9092".'
        )
    options = {name: str(value) for name, value in config.items() if name.startswith(_PASSED_ON)}
    return KafkaSettings(str(servers), options)


def _get(kind: str, conn_id: str) -> Any:
    """Return a connection. Raises StackError when Airflow does not have it."""
    from airflow.sdk import BaseHook

    try:
        return BaseHook.get_connection(conn_id)
    except StreamproofError:
        raise
    except Exception as error:
        raise StackError(
            f"Airflow has no usable connection {conn_id}: {type(error).__name__}.",
            hint=f"Add it (type {kind}), or set AIRFLOW_CONN_{conn_id.upper()}: see docs/stacks.md.",
        ) from error
