"""How ClickHouse reads a topic by itself: what its Kafka engine is told, and what it says of its consumers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from streamproof.warehouse.clickhouse.client import rows
from streamproof.warehouse.values import Feed

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

# By librdkafka's property. ClickHouse shows the password nowhere: not in system.tables, not in its query log.
_ENGINE_SETTINGS = {
    "security.protocol": "kafka_security_protocol",
    "sasl.mechanism": "kafka_sasl_mechanism",
    "sasl.mechanisms": "kafka_sasl_mechanism",
    "sasl.username": "kafka_sasl_username",
    "sasl.password": "kafka_sasl_password",
}
_ASSIGNED = """
SELECT DISTINCT arrayJoin(arrayFilter((partition, topic) -> topic = {topic:String},
    `assignments.partition_id`, `assignments.topic`)) AS partition
FROM system.kafka_consumers WHERE database = currentDatabase()
"""
_COMPLAINT = """
SELECT arrayElement(`exceptions.text`, -1) AS said
FROM system.kafka_consumers WHERE database = currentDatabase() AND notEmpty(`exceptions.text`)
LIMIT 1
"""


def schema_variables(feed: Feed | None, *, retention: bool) -> dict[str, object]:
    """Return what the templates of a schema may name: `kafka`, `retention`, and what the Kafka engine is told."""
    if feed is None:
        return {"kafka": False, "retention": retention}
    return {
        "kafka": True,
        "retention": retention,
        "kafka_bootstrap": feed.bootstrap_servers,
        "input_topic": feed.topic,
        "raw_group": feed.group,
        "kafka_settings": engine_settings(feed.options),
    }


def engine_settings(options: Mapping[str, str]) -> dict[str, str]:
    """Return what the Kafka engine takes of a client's options; certificates are its server's to know."""
    return {setting: options[name] for name, setting in _ENGINE_SETTINGS.items() if options.get(name)}


def assigned_partitions(client: Client, topic: str) -> set[int]:
    """Return the partitions of a topic that consumers of the client's database hold. Raises WarehouseError."""
    return {int(row["partition"]) for row in rows(client, _ASSIGNED, {"topic": topic})}


def complaint(client: Client) -> str:
    """Return what a consumer of the client's database last complained of, '' for nothing. Raises WarehouseError."""
    return next((str(row["said"]) for row in rows(client, _COMPLAINT)), "")
