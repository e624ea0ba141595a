"""Queries for the drain: whether all published records have arrived, and whether a transaction still writes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from streamproof.warehouse.postgres.client import Client, quoted, rows
from streamproof.warehouse.values import RecordTable, TableState

_EXPECTED = """
SELECT count(*) AS expected FROM replay_ledger
WHERE source_topic = {topic:text} AND value_kind = ANY({kinds:text[]})
"""
# A transaction that writes holds such a lock until its end. Everybody may see the locks of others.
_WRITING = """
SELECT count(DISTINCT l.virtualtransaction) AS writing
FROM pg_locks AS l
INNER JOIN pg_class AS c ON c.oid = l.relation
WHERE l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND l.mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
    AND c.relkind IN ('r', 'p')
    AND c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
    AND l.pid IS DISTINCT FROM pg_backend_pid()
"""


def row_count(client: Client, table: RecordTable, topic: str) -> int:
    """Return how many rows of a table come from the topic, duplicates included."""
    sql = f"SELECT count(*) AS present FROM {quoted(table.table)} WHERE {quoted(table.topic)} = {{topic:text}}"  # noqa: S608
    return int(rows(client, sql, {"topic": topic})[0]["present"])


def row_counts(client: Client, tables: Sequence[str]) -> dict[str, int]:
    """Return the number of rows of each table, duplicates included."""
    return {table: state.rows for table, state in table_states(client, tables).items()}


def table_states(client: Client, tables: Sequence[str]) -> dict[str, TableState]:
    """Return the number of rows of each table, and a sum over the transactions that wrote them.

    A table has no parts by name. The sum takes their place: an update leaves the number of rows as it is, but writes
    the row anew, and the id of a later transaction is greater.
    """
    found = {}
    for table in tables:
        sql = f"SELECT count(*) AS number, coalesce(sum(xmin::text::bigint), 0)::text AS written FROM {quoted(table)}"  # noqa: S608
        row = rows(client, sql if _has_rows_of_its_own(client, table) else _without_writers(table))[0]
        found[table] = TableState(int(row["number"]), frozenset({row["written"]}))
    return found


def _has_rows_of_its_own(client: Client, table: str) -> bool:
    found = rows(
        client, "SELECT relkind::text AS kind FROM pg_class WHERE oid = to_regclass({t:text})", {"t": quoted(table)}
    )
    return not found or found[0]["kind"] in ("r", "p")


def _without_writers(view: str) -> str:
    return f"SELECT count(*) AS number, '' AS written FROM {quoted(view)}"  # noqa: S608 - a name of the pack


def unaccounted(client: Client, table: RecordTable, topic: str, kinds: Sequence[str]) -> tuple[int, int]:
    """Return (published records with a row in the table, published records), both of the given value kinds."""
    published = {"topic": topic, "kinds": list(kinds)}
    sql = f"""
SELECT count(*) AS present
FROM replay_ledger AS ledger
WHERE ledger.source_topic = {{topic:text}} AND ledger.value_kind = ANY({{kinds:text[]}}) AND EXISTS (
    SELECT 1
    FROM {quoted(table.table)} AS found
    WHERE found.{quoted(table.topic)} = {{topic:text}}
        AND found.{quoted(table.partition)} = ledger.source_partition
        AND found.{quoted(table.offset)} = ledger.source_offset
)
"""  # noqa: S608 - names of the pack
    present = int(rows(client, sql, published)[0]["present"])
    return present, int(rows(client, _EXPECTED, published)[0]["expected"])


def records_at(
    client: Client, table: RecordTable, topic: str, places: Sequence[tuple[int, int]]
) -> list[dict[str, Any]]:
    """Return the rows of a table that come from the given (partition, offset) pairs of a topic."""
    partition, offset = quoted(table.partition), quoted(table.offset)
    sql = f"""
SELECT *
FROM {quoted(table.table)}
WHERE {quoted(table.topic)} = {{topic:text}}
    AND ({partition}, {offset}) IN (SELECT * FROM unnest({{partitions:bigint[]}}, {{offsets:bigint[]}}))
ORDER BY {partition}, {offset}
"""  # noqa: S608 - names of the pack
    wanted = {"partitions": [place[0] for place in places], "offsets": [place[1] for place in places]}
    return rows(client, sql, {"topic": topic, **wanted})


def inserts_running(client: Client) -> int:
    """Return how many open transactions have written to the database or are about to."""
    return int(rows(client, _WRITING)[0]["writing"])
