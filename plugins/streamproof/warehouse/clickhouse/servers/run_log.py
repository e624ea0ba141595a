"""The log of runs in a warehouse. Grafana's dashboard reads it, also after a run's database has been dropped."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from streamproof.model.settings import WarehouseSettings
from streamproof.warehouse.clickhouse.client import connect, execute, execute_script, refusals

DATABASE = "streamproof"
_DDL = """
CREATE TABLE IF NOT EXISTS runs
(
    run_id String,
    pack LowCardinality(String),
    mode LowCardinality(String),
    stack LowCardinality(String),
    verdict LowCardinality(String),
    first_broken_layer LowCardinality(String),
    error String,
    checks_passed UInt32,
    checks_failed UInt32,
    checks_errored UInt32,
    checks_skipped UInt32,
    duration_sec Float64,
    git_commit String,
    started_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (started_at, run_id);

CREATE TABLE IF NOT EXISTS run_stages
(
    run_id String,
    stage LowCardinality(String),
    status LowCardinality(String),
    duration_sec Float64,
    error String,
    started_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (started_at, run_id, stage);

CREATE TABLE IF NOT EXISTS run_failures
(
    run_id String,
    suite LowCardinality(String),
    name LowCardinality(String),
    failed_rows UInt64,
    started_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (started_at, run_id, suite, name);
"""


def log_run(settings: WarehouseSettings, summary: Mapping[str, Any]) -> None:
    """Add a run's summary to the log. The log is created if it is missing; logging a run again replaces its rows.

    Raises WarehouseError when ClickHouse does not answer or refuses.
    """
    server = connect(settings.using("default"))
    try:
        execute(server, "CREATE DATABASE IF NOT EXISTS {database:Identifier}", {"database": DATABASE})
    finally:
        server.close()
    client = connect(settings.using(DATABASE))
    try:
        execute_script(client, _DDL)
        for table, rows in rows_of(summary).items():
            if rows:
                with refusals(f"The run could not be added to {DATABASE}.{table}", hint="May the user insert there?"):
                    client.insert(table, [list(row.values()) for row in rows], column_names=list(rows[0]))
    finally:
        client.close()


def rows_of(summary: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the log rows of a summary, by table. Times are UTC."""
    run_id, started, checks = summary["run_id"], datetime.fromisoformat(summary["started_at"]), summary["checks"]
    run = {
        "run_id": run_id,
        "pack": summary["pack"],
        "mode": summary["mode"],
        "stack": summary["stack"]["name"],
        "verdict": summary["verdict"],
        "first_broken_layer": summary["first_broken_layer"] or "",
        "error": summary["error"] or "",
        **{f"checks_{status}": checks[status] for status in ("passed", "failed", "errored", "skipped")},
        "duration_sec": float(summary["duration_sec"]),
        "git_commit": summary["git_commit"],
        "started_at": started,
    }
    stages = [
        {
            "run_id": run_id,
            "stage": result["stage"],
            "status": result["status"],
            "duration_sec": float(result["duration_sec"]),
            "error": result["error"] or "",
            "started_at": datetime.fromisoformat(result["started_at"]),
        }
        for result in summary["results"]
    ]
    failures = [
        {
            "run_id": run_id,
            "suite": failure["suite"],
            "name": failure["name"],
            "failed_rows": failure["failed_rows"],
            "started_at": started,
        }
        for failure in summary["failures"]
    ]
    return {"runs": [run], "run_stages": stages, "run_failures": failures}
