"""A run of 400,000 trades through the market pipeline, beside a bare COPY and upsert of the same rows."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from benchmarks.runs import command, stages_of
from packs.market.generator import generate_sized
from streamproof.model.stack import StackState
from streamproof.runs.context import RunContext
from streamproof.runtime.stack import stop_stack

TRADES = 400_000
REPEATS = 3
TABLES = ("daily_ohlcv_data", "trades_data", "tbbo_data", "statistics_data", "definitions_data")
STOP_TIMEOUT_SEC = 120.0


def market_load(home: Path, scratch: Path, events: int = TRADES) -> dict[str, Any]:
    """Time the pipeline's process in a run, and then a bare loader on the same server with the same rows.

    The target is three times the bare loader, with less than 1 GB. The set has the trades twice, with and without the
    best bid and offer, and their bars, statistics and definitions.
    """
    manifest = generate_sized("volume", events, scratch / "set")
    artifacts = scratch / "runs"
    environ = {"STREAMPROOF_ARTIFACTS": str(artifacts)}
    wall, summary = command(
        home, "run", "--pack", "market", "--manifest", str(manifest), "--keep-stack", environ=environ
    )
    load = os.getloadavg()
    folder = artifacts / summary["run_id"]
    try:
        bare = _bare(RunContext.open(folder))
    finally:
        stop_stack(folder / "stack", timeout=STOP_TIMEOUT_SEC)
    return _figures(summary, wall, bare, _logged(folder)) | {
        "load_average_after_run_and_after_bare_loader": [
            [round(one, 1) for one in found] for found in (load, os.getloadavg())
        ]
    }


def _figures(
    summary: dict[str, Any], wall: float, bare: list[dict[str, Any]], logged: list[dict[str, Any]]
) -> dict[str, Any]:
    repetitions = summary["serving"]["repetitions"]
    pipeline, best = repetitions[0], min(bare, key=lambda one: one["wall_sec"])
    [content] = [check for check in summary["results"] if check["stage"] == "replay_events"]
    return {
        "target_ratio_to_bare_loader": 3,
        "target_peak_rss_mb": 1000,
        "ratio_to_bare_loader": round(pipeline["seconds"] / best["wall_sec"], 2),
        "pipeline_sec": [round(one["seconds"], 2) for one in repetitions],
        "pipeline_peak_rss_mb": [round(one["peak_rss_bytes"] / 1e6) for one in repetitions],
        "rows": best["rows"],
        "rows_per_sec_of_pipeline": round(best["rows"] / pipeline["seconds"]),
        "rows_changed": [one["changed"] for one in logged],
        "downloads": [one["downloads"] for one in logged],
        "bare_loader": bare,
        "verdict": summary["verdict"],
        "checks": summary["checks"],
        "replay_status": content["status"],
        "run_sec": round(wall, 2),
        "stages": stages_of(summary),
    }


def _logged(folder: Path) -> list[dict[str, Any]]:
    """Return what each run of the pipeline wrote about itself."""
    lines = (folder / "stack" / "logs" / "processor.log").read_text(encoding="utf-8").splitlines()
    return [json.loads(line.partition("Figures: ")[2]) for line in lines if "Figures: " in line]


def _bare(ctx: RunContext) -> list[dict[str, Any]]:
    """Load the rows of a run into empty tables of the same schema, several times. The rows are in memory before."""
    settings, state = ctx.database_settings(), ctx.stack_state()
    copied = f"{settings.database}_bare"[:63]
    with closing(_connected(state, settings.password, "postgres")) as connection:
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        connection.execute(statement.format(sql.Identifier(copied), sql.Identifier(settings.database)))
    with closing(_connected(state, settings.password, copied)) as connection:
        rows = {table: _rows(connection, table) for table in TABLES}
        return [_loaded(connection, rows) for _ in range(REPEATS)]


def _connected(state: StackState, password: str, database: str) -> psycopg.Connection:
    return psycopg.connect(
        host=state.postgres_host, port=state.postgres_port, user=state.postgres_user, password=password,
        dbname=database, autocommit=True,
    )  # fmt: skip


def _rows(connection: psycopg.Connection, table: str) -> tuple[list[str], list[str], Sequence[tuple[Any, ...]]]:
    """Return the columns of a table, their types, and its rows."""
    statement = sql.SQL("SELECT * FROM {}").format(sql.Identifier(table))
    cursor = connection.execute(statement, binary=True)
    description = cursor.description or []
    return [column.name for column in description], [column.type_display for column in description], cursor.fetchall()


def _loaded(
    connection: psycopg.Connection, rows: dict[str, tuple[list[str], list[str], Sequence[tuple[Any, ...]]]]
) -> dict[str, Any]:
    """Empty the tables, then load each by COPY into a temporary table and one upsert."""
    connection.execute(sql.SQL("TRUNCATE {}").format(sql.SQL(", ").join(map(sql.Identifier, TABLES))))
    started, cpu, changed = time.monotonic(), time.process_time(), 0
    for table, (columns, types, values) in rows.items():
        with connection.transaction():
            changed += _load(connection, table, columns, types, values)
    return {
        "wall_sec": round(time.monotonic() - started, 2),
        "client_cpu_sec": round(time.process_time() - cpu, 2),
        "rows": changed,
    }


def _load(
    connection: psycopg.Connection, table: str, columns: list[str], types: list[str], rows: Sequence[tuple[Any, ...]]
) -> int:
    target, names = sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    connection.execute(sql.SQL("CREATE TEMPORARY TABLE staged (LIKE {}) ON COMMIT DROP").format(target))
    statement = sql.SQL("COPY staged ({}) FROM STDIN (FORMAT BINARY)").format(names)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types([kind.partition("(")[0] for kind in types])
        for row in rows:
            copy.write_row(row)
    key = _key(connection, table)
    changing = [name for name in columns if name not in key]
    excluded = sql.SQL(", ").join(sql.Identifier("excluded", name) for name in changing)
    upsert = sql.SQL(
        "INSERT INTO {} AS stored ({}) SELECT {} FROM staged ON CONFLICT ({}) DO UPDATE SET ({}) = ROW({}) "
        "WHERE ({}) IS DISTINCT FROM ({})"
    ).format(
        target, names, names, sql.SQL(", ").join(map(sql.Identifier, key)),
        sql.SQL(", ").join(map(sql.Identifier, changing)), excluded,
        sql.SQL(", ").join(sql.Identifier("stored", name) for name in changing), excluded,
    )  # fmt: skip
    return connection.execute(upsert).rowcount


def _key(connection: psycopg.Connection, table: str) -> list[str]:
    found = connection.execute(
        "SELECT attname FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY (indkey) "
        "WHERE indisprimary AND indrelid = %s::regclass",
        (table,),
    )
    return [name for (name,) in found.fetchall()]
