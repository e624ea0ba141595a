"""Make a deployment ready: the pack's topics, database and tables in services that already run, where they are missing.

A run does not need this: it makes its own, under its own names. This is for what docker-compose.yaml starts.
"""

from __future__ import annotations

from typing import Any

from streamproof.model.errors import UsageError
from streamproof.model.settings import Connections
from streamproof.packs.pack import INPUT, Pack
from streamproof.transport.registry import transport_of
from streamproof.warehouse.clickhouse.client import connect, execute
from streamproof.warehouse.clickhouse.migrations import apply_migrations

TOPICS_TIMEOUT_SEC = 30.0
NO_DATABASE = ("", "default")


def prepare(pack: Pack, outside: Connections, *, retention: bool) -> dict[str, Any]:
    """Create what is missing and return its names: `topics`, `database`, `migrations`. Doing it again changes nothing.

    With `retention` old rows expire as the pack's schema says; captured events are old from the start. Raises
    UsageError when no database or no Kafka is named, StackError or WarehouseError when a service does not answer or
    refuses.
    """
    warehouse, kafka = outside.clickhouse, outside.kafka
    if kafka is None or warehouse.database in NO_DATABASE:
        raise UsageError("No database is named.", hint=f"Set CH_DATABASE, for example to {pack.name}.")
    transport = transport_of(pack.transport)
    topics = transport.create_missing_topics(kafka, pack.topics.values(), timeout=TOPICS_TIMEOUT_SEC)
    server = connect(warehouse.using("default"))
    try:
        execute(server, "CREATE DATABASE IF NOT EXISTS {database:Identifier}", {"database": warehouse.database})
    finally:
        server.close()
    client = connect(warehouse)
    try:
        variables = {
            "kafka": True,
            "retention": retention,
            "kafka_bootstrap": outside.kafka_from_clickhouse or kafka.bootstrap_servers,
            "input_topic": pack.topics[INPUT],
            "raw_group": f"{pack.name}.raw",
        }
        applied = apply_migrations(client, pack.sql_dir / "schema", variables)
    finally:
        client.close()
    migrations = [f"{migration.number:04d}_{migration.name}" for migration in applied]
    return {"topics": topics, "database": warehouse.database, "migrations": migrations}
