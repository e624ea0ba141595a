"""The log of runs in a warehouse. Grafana's dashboard reads it, also after a run's database has been dropped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streamproof.model.settings import WarehouseSettings
from streamproof.warehouse.clickhouse.client import connect, execute, execute_script, refusals
from streamproof.warehouse.common.run_rows import rows_of

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
