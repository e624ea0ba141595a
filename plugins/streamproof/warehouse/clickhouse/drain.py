"""Queries for the drain: whether all published records have arrived, and whether inserts are still running."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from streamproof.warehouse.clickhouse.client import rows
from streamproof.warehouse.values import RecordTable, TableState

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

# ClickHouse's Kafka engine skips records whose value is null or empty: they leave no raw row (tested with 26.9).
RAW_VALUE_KINDS = ("bytes",)

_PRESENT = """
SELECT count() AS present
FROM replay_ledger
WHERE source_topic = {topic:String} AND has({kinds:Array(String)}, value_kind)
    AND (source_partition, source_offset) IN (
        SELECT {partition:Identifier}, {offset:Identifier}
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
_PARTS = """
SELECT table, groupArray(name) AS parts
FROM system.parts
WHERE database = currentDatabase() AND active AND table IN {tables:Array(String)}
GROUP BY table
"""
_RECORDS = """
SELECT *
FROM {table:Identifier}
WHERE {topic_column:Identifier} = {topic:String}
    AND has({places:Array(String)}, concat(toString({partition:Identifier}), ':', toString({offset:Identifier})))
ORDER BY {partition:Identifier}, {offset:Identifier}
"""
# An insert also runs the materialized views of its table. So when no insert runs, their targets are complete.
_WRITING = """
SELECT
    (SELECT count() FROM system.processes WHERE query_kind = 'Insert' AND current_database = currentDatabase())
    + (SELECT count() FROM system.asynchronous_inserts WHERE database = currentDatabase()) AS writing
"""


def row_count(client: Client, table: RecordTable, topic: str) -> int:
    """Return how many rows of a table come from the topic, duplicates included."""
    parameters = {"table": table.table, "topic_column": table.topic, "topic": topic}
    return int(rows(client, _ROWS, parameters)[0]["present"])


def row_counts(client: Client, tables: Sequence[str]) -> dict[str, int]:
    """Return the number of rows of each table, duplicates included."""
    return {table: int(rows(client, _ALL_ROWS, {"table": table})[0]["present"]) for table in tables}


def table_states(client: Client, tables: Sequence[str]) -> dict[str, TableState]:
    """Return the number of rows and the active parts of each table."""
    found = rows(client, _PARTS, {"tables": list(tables)})
    parts = {row["table"]: frozenset(row["parts"]) for row in found}
    return {
        table: TableState(number, parts.get(table, frozenset())) for table, number in row_counts(client, tables).items()
    }


def unaccounted(client: Client, table: RecordTable, topic: str, kinds: Sequence[str]) -> tuple[int, int]:
    """Return (published records with a row in the table, published records), both of the given value kinds."""
    published = {"topic": topic, "kinds": list(kinds)}
    present = int(rows(client, _PRESENT, {**published, **_columns(table)})[0]["present"])
    return present, int(rows(client, _EXPECTED, published)[0]["expected"])


def records_at(
    client: Client, table: RecordTable, topic: str, places: Sequence[tuple[int, int]]
) -> list[dict[str, Any]]:
    """Return the rows of a table that come from the given (partition, offset) pairs of a topic."""
    shown = [f"{partition}:{offset}" for partition, offset in places]
    return rows(client, _RECORDS, {"topic": topic, "places": shown, **_columns(table)})


def _columns(table: RecordTable) -> dict[str, object]:
    return {
        "table": table.table,
        "topic_column": table.topic,
        "partition": table.partition,
        "offset": table.offset,
    }


def inserts_running(client: Client) -> int:
    """Return how many inserts into the client's database are running or waiting now."""
    return int(rows(client, _WRITING)[0]["writing"])
