"""Fill a warehouse with many copies of the sessions that are in it, spread over days: large windows without a run."""

from __future__ import annotations

from typing import Any

from streamproof.warehouse.clickhouse.client import execute, rows

TABLES = (
    "streaming_events",
    "streaming_events_dlq",
    "streaming_events_quarantine",
    "ai_stream_status",
    "stream_trace_events",
    "network_capabilities",
    "fact_stream_status_samples",
    "fact_stream_trace_edges",
    "fact_workflow_sessions",
    "fact_workflow_session_segments",
    "fact_workflow_param_updates",
)
# A part of every stream id, after which copies have their number.
STREAM = "strm"
COLUMNS = """
SELECT name, type
FROM system.columns
WHERE
    database = currentDatabase()
    AND table = {table:String}
    AND default_kind NOT IN ('MATERIALIZED', 'ALIAS', 'EPHEMERAL')
ORDER BY position
"""
COPYING = """
CROSS JOIN (
    SELECT
        number + 1 AS copy,
        concat({mark:String}, toString(copy), '-') AS prefix,
        toInt64(copy * {span:UInt64} / {copies:UInt64}) AS shift_ms
    FROM numbers({copies:UInt64})
) AS copying
"""
# The envelope of a copy: another id and another time. Its stream id is replaced like that of any text.
ENVELOPE = """
replaceOne(
    replaceOne(payload, concat('"id":"', id), concat('"id":"', prefix, id)),
    concat('"timestamp":"', toString(timestamp), '"'),
    concat('"timestamp":"', toString(timestamp + shift_ms), '"')
)
"""


def copy_sessions(client: Any, copies: int, days: int, *, mark: str = "a") -> None:
    """Insert copies of all rows, each as many days later as its share of `days`, under ids of their own.

    Copies of copies need another `mark`.
    """
    [found] = rows(client, "SELECT max(source_offset) + 1 AS stride FROM streaming_events")
    for table in TABLES:
        columns = {row["name"]: row["type"] for row in rows(client, COLUMNS, {"table": table})}
        copied = ", ".join(_copied(name, kind, table) for name, kind in columns.items())
        execute(
            client,
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {copied} FROM {table} {COPYING}",
            {"copies": copies, "span": days * 86_400_000, "mark": mark, **found},
        )


def _copied(name: str, kind: str, table: str) -> str:
    """Return what a column of a copy holds."""
    renamed = f"replaceAll({{}}, '{STREAM}', concat('{STREAM}', prefix))"
    ids = dict.fromkeys(("id", "event_id", "raw_event_uid"), f"concat(prefix, {name})")
    known = {**ids, "timestamp": "timestamp + shift_ms", "source_offset": "source_offset + copy * {stride:UInt64}"}
    if name == "payload" and table == "streaming_events":
        return renamed.format(ENVELOPE)
    if name in known:
        return known[name]
    if kind.startswith(("DateTime64", "Nullable(DateTime64")):
        return f"{name} + toIntervalMillisecond(shift_ms)"
    return renamed.format(name) if kind in {"String", "Nullable(String)"} else name
