"""ClickHouse's Kafka engine, which reads a topic: its settings, and the state of its consumers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from streamproof.warehouse.clickhouse.client import rows
from streamproof.warehouse.values import Feed

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

# Engine settings by librdkafka property. ClickHouse hides the password in system.tables and in its query log.
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
    """Return the variables of a schema's templates: `kafka`, `retention`, and the settings of the Kafka engine.

    `topics` and `groups` have the names by role, so that a template can tell which topics the pipeline writes.
    """
    if feed is None:
        return {"kafka": False, "retention": retention, "topics": {}, "groups": {}}
    return {
        "kafka": True,
        "retention": retention,
        "kafka_bootstrap": feed.bootstrap_servers,
        "input_topic": feed.topic,
        "raw_group": feed.group,
        "kafka_settings": engine_settings(feed.options),
        "topics": dict(feed.topics),
        "groups": dict(feed.groups),
    }


def engine_settings(options: Mapping[str, str]) -> dict[str, str]:
    """Return the engine settings for a client's options. Certificates are configured on the ClickHouse server."""
    return {setting: options[name] for name, setting in _ENGINE_SETTINGS.items() if options.get(name)}


def assigned_partitions(client: Client, topic: str) -> set[int]:
    """Return the partitions of a topic that are assigned to the database's consumers. Raises WarehouseError."""
    return {int(row["partition"]) for row in rows(client, _ASSIGNED, {"topic": topic})}


def complaint(client: Client) -> str:
    """Return the last error of a consumer of the client's database, '' for none. Raises WarehouseError."""
    return next((str(row["said"]) for row in rows(client, _COMPLAINT)), "")
