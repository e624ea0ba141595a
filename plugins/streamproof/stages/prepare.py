"""Prepare a deployment: create the pack's missing topics, database and tables in services that already run.

A run does not need this, because it creates objects under names of its own. It is for the services that
docker-compose.yaml starts.
"""

from __future__ import annotations

from contextlib import closing
from typing import Any

from streamproof.model.errors import UsageError
from streamproof.model.settings import Connections
from streamproof.packs.pack import Pack
from streamproof.transport.registry import transport_of
from streamproof.warehouse.registry import open_server, open_warehouse, warehouse_kind
from streamproof.warehouse.values import Feed

TOPICS_TIMEOUT_SEC = 30.0


def prepare(pack: Pack, outside: Connections, *, retention: bool) -> dict[str, Any]:
    """Create what is missing and return its names: `topics`, `database`, `migrations`. A second call changes nothing.

    With `retention`, old rows expire as the pack's schema says. Without it rows stay; captured events are old and would
    expire at once. A pack with a `source` has no topics. Raises UsageError when no database or no Kafka is named,
    StackError or WarehouseError when a service does not answer or refuses.
    """
    warehouse, kafka = outside.warehouse, outside.kafka
    no_database = warehouse_kind(pack.warehouse).maintenance_database
    if (kafka is None and not pack.source) or warehouse.database in ("", no_database):
        raise UsageError(
            "No database is named.", hint=f"Set CH_DATABASE (PostgreSQL: PGDATABASE), for example to {pack.name}."
        )
    topics: list[str] = []
    feed: Feed | None = None
    if kafka is not None and not pack.source:
        transport = transport_of(pack.transport)
        topics = transport.create_missing_topics(kafka, pack.topics.values(), timeout=TOPICS_TIMEOUT_SEC)
        feed = Feed(
            bootstrap_servers=outside.kafka_from_clickhouse or kafka.bootstrap_servers,
            topic=pack.input_topic,
            group=f"{pack.name}.raw",
        )
    with closing(open_server(pack.warehouse, warehouse.using(no_database))) as server:
        server.create(warehouse.database)
    with closing(open_warehouse(pack.warehouse, warehouse)) as database:
        migrations, _ = database.apply_schema(pack.sql_dir / "schema", feed=feed, retention=retention)
    return {"topics": topics, "database": warehouse.database, "migrations": migrations}
