"""Whether the warehouse holds everything that a replay published, and whether anything is still being written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamproof.packs.accounting import RawTable
from streamproof.warehouse.clickhouse.client import rows

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

# ClickHouse's Kafka engine passes over records whose value is null or empty: they leave no raw row (tried with 26.9).
RAW_VALUE_KINDS = ("bytes",)

_PRESENT = """
SELECT count() AS present
FROM replay_ledger
WHERE source_topic = {topic:String} AND has({kinds:Array(String)}, value_kind)
    AND (source_partition, source_offset) IN (
        SELECT {partition_column:Identifier}, {offset_column:Identifier}
        FROM {table:Identifier}
        WHERE {topic_column:Identifier} = {topic:String}
    )
"""
_EXPECTED = """
SELECT count() AS expected FROM replay_ledger
WHERE source_topic = {topic:String} AND has({kinds:Array(String)}, value_kind)
"""
_ROWS = "SELECT count() AS present FROM {table:Identifier} WHERE {topic_column:Identifier} = {topic:String}"
_ALL_ROWS = "SELECT count() AS present FROM {table:Identifier}"
# Materialized views are filled by the very insert that feeds them: when no insert runs, their targets are settled.
_WRITING = """
SELECT
    (SELECT count() FROM system.processes WHERE query_kind = 'Insert' AND current_database = currentDatabase())
    + (SELECT count() FROM system.asynchronous_inserts WHERE database = currentDatabase()) AS writing
"""


def located(table: str) -> RawTable:
    """Return where a table of ours has the topic, partition and offset of a record."""
    return RawTable(table=table, topic="source_topic", partition="source_partition", offset="source_offset")


def row_count(client: Client, table: RawTable, topic: str) -> int:
    """Return how many rows of a table come from the topic: a quick look, duplicates included."""
    parameters = {"table": table.table, "topic_column": table.topic, "topic": topic}
    return int(rows(client, _ROWS, parameters)[0]["present"])


def total_rows(client: Client, table: str) -> int:
    """Return how many rows a table has."""
    return int(rows(client, _ALL_ROWS, {"table": table})[0]["present"])


def unaccounted(client: Client, table: RawTable, topic: str, kinds: tuple[str, ...]) -> tuple[int, int]:
    """Return (published records that have a row in the table, published records), of the given value kinds."""
    parameters = {
        "table": table.table,
        "topic_column": table.topic,
        "partition_column": table.partition,
        "offset_column": table.offset,
        "topic": topic,
        "kinds": list(kinds),
    }
    present = int(rows(client, _PRESENT, parameters)[0]["present"])
    return present, int(rows(client, _EXPECTED, {"topic": topic, "kinds": list(kinds)})[0]["expected"])


def inserts_running(client: Client) -> int:
    """Return how many inserts into the client's database run or wait at this moment."""
    return int(rows(client, _WRITING)[0]["writing"])
