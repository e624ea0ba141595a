"""Kafka as Flink reads and writes it: the source as a table with Kafka's own columns, and sinks of texts."""

from __future__ import annotations

from collections.abc import Mapping

from pyflink.common.serialization import SimpleStringSchema
from pyflink.datastream import DataStream, StreamExecutionEnvironment
from pyflink.datastream.connectors.base import DeliveryGuarantee
from pyflink.datastream.connectors.kafka import KafkaRecordSerializationSchema, KafkaSink
from pyflink.table import StreamTableEnvironment

from pipelines.livepeer.flink.kafka_options import client_properties
from pipelines.livepeer.flink.settings import FlinkSettings

MAX_MESSAGE_BYTES = "67108864"
SOURCE_UID = "input"

# Raw bytes, so that no record can fail to be read. The watermark is the least of Kafka's own times of all partitions.
# No partition is left out as idle: after a pause, the first partition with new records would be ahead of the others.
_SOURCE = """
CREATE TEMPORARY TABLE input (
    `topic` STRING NOT NULL METADATA VIRTUAL,
    `partition` INT NOT NULL METADATA VIRTUAL,
    `offset` BIGINT NOT NULL METADATA VIRTUAL,
    `payload` BYTES,
    `created` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
    WATERMARK FOR `created` AS `created` - INTERVAL '0.001' SECOND
) WITH ({options})
"""


def _options(options: Mapping[str, str]) -> str:
    return ", ".join(f"{_quoted(name)} = {_quoted(value)}" for name, value in options.items())


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def read_input(env: StreamExecutionEnvironment, settings: FlinkSettings) -> DataStream:
    """Return the records of the input topics: topic, partition, offset, value; their time is Kafka's CreateTime.

    Reading starts at the committed offsets of the group, at the earliest offset where there is none.
    """
    common = settings.common
    properties = client_properties(common.kafka_options)
    options = {
        "connector": "kafka",
        "topic": ";".join(common.input_topics),
        "properties.bootstrap.servers": common.bootstrap_servers,
        "properties.group.id": common.group_id,
        "properties.auto.offset.reset": "earliest",
        "properties.isolation.level": "read_committed",
        "properties.max.partition.fetch.bytes": MAX_MESSAGE_BYTES,
        "properties.commit.offsets.on.checkpoint": "true",
        "scan.startup.mode": "group-offsets",
        "format": "raw",
        **{f"properties.{name}": value for name, value in properties.items()},
    }
    tables = StreamTableEnvironment.create(env)
    tables.execute_sql(_SOURCE.format(options=_options(options)))
    return tables.to_data_stream(tables.from_path("input"))


def sink(settings: FlinkSettings, topic: str) -> KafkaSink:
    """Return a sink of texts. A restore may repeat what was written after its checkpoint."""
    schema = (
        KafkaRecordSerializationSchema.builder()
        .set_topic(topic)
        .set_value_serialization_schema(SimpleStringSchema())
        .build()
    )
    builder = (
        KafkaSink.builder()
        .set_bootstrap_servers(settings.common.bootstrap_servers)
        .set_record_serializer(schema)
        .set_delivery_guarantee(DeliveryGuarantee.AT_LEAST_ONCE)
        .set_property("max.request.size", MAX_MESSAGE_BYTES)
        .set_property("compression.type", "lz4")
        .set_property("linger.ms", "5")
    )
    for name, value in client_properties(settings.common.kafka_options).items():
        builder = builder.set_property(name, value)
    return builder.build()
