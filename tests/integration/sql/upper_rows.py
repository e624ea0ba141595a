"""Small hand-made facts: the defaults that every row shares, so that a case states only what it is about."""

from __future__ import annotations

import re
from typing import Any

import orjson

from pipelines.livepeer.sink import INSERT_SETTINGS
from streamproof.warehouse.clickhouse.client import execute, rows

DAY = "2026-02-25"
_CLOCK = re.compile(r"\d\d:\d\d(:\d\d(\.\d{1,3})?)?")

_SESSION = {"workflow_session_id": "s1|r1", "stream_id": "s1", "request_id": "r1"}
_WHO = {"gateway": "gw", "orchestrator_address": "0xa", "pipeline": "live", "model_id": "m", "gpu_id": "g1"}
_HOST = {key: _WHO[key] for key in ("orchestrator_address", "model_id")} | {
    "orch_uri": "https://a",
    "capability_id": 35,
}
DEFAULTS: dict[str, dict[str, Any]] = {
    "fact_stream_status_samples": _SESSION | _WHO | {"output_fps": 20, "state": "ONLINE", "source_event_uid": "e"},
    "fact_stream_trace_edges": _SESSION,
    "fact_workflow_sessions": _SESSION | _WHO | {"session_start_ts": "10:00", "known_stream": 1, "version": 1},
    "fact_workflow_session_segments": _SESSION | {"version": 1},
    "fact_workflow_latency_samples": _SESSION | _WHO | {"sample_ts": "10:00", "version": 1},
    "fact_workflow_param_updates": _SESSION | {"version": 1},
    "payment_events": {"request_id": "r1"},
    "network_capabilities": _HOST | {"pipeline": "live", "gpu_id": "g1", "raw_event_uid": "c"},
    "network_capabilities_model_constraints": _HOST | {"raw_event_uid": "c"},
}


def moments(value: Any) -> Any:
    """Put a time of day, with or without seconds, on the day of all cases; anything else stays as it is."""
    if isinstance(value, str) and _CLOCK.fullmatch(value):
        return f"{DAY} {value}:00" if value.count(":") == 1 else f"{DAY} {value}"
    return value


def complete(table: str, row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with the defaults of its table; `session: x` stands for the three ids of session x|x."""
    given = dict(row)
    if name := given.pop("session", None):
        given |= {"workflow_session_id": f"{name}|{name}", "stream_id": name, "request_id": name}
    return {key: moments(value) for key, value in (DEFAULTS.get(table, {}) | given).items()}


def write(client: Any, batches: list[dict[str, Any]], run: str) -> None:
    """Insert batches as the processor does: each of them (table -> rows) under a token of its own."""
    for number, batch in enumerate(batches):
        for table, found in batch.items():
            body = b"\n".join(orjson.dumps(complete(table, row)) for row in found)
            settings = INSERT_SETTINGS | {"insert_deduplication_token": f"{run}|{number}|{table}"}
            client.raw_insert(table, insert_block=body, fmt="JSONEachRow", settings=settings)


def merge_tree_tables(client: Any) -> list[str]:
    """Return the names of all tables that hold parts."""
    sql = "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree' ORDER BY name"
    return [row["name"] for row in rows(client, sql)]


def merge_everything(client: Any) -> None:
    """Bring about all merges that could ever happen."""
    for table in merge_tree_tables(client):
        execute(client, f"OPTIMIZE TABLE {table} FINAL")


def content(client: Any, view: str) -> list[dict[str, Any]]:
    """Return all rows of a view, times as text, in a fixed order."""
    found = [{key: plain(value) for key, value in row.items()} for row in rows(client, f"SELECT * FROM {view}")]
    return sorted(found, key=lambda row: [str(value) for value in row.values()])


def plain(value: Any) -> Any:
    """Return a time as text; anything else stays as it is."""
    return value.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] if hasattr(value, "strftime") else value
