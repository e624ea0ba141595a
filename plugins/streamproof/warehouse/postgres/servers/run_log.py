"""The log of runs on a server. It remains when the databases of the runs are dropped."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import Any

from streamproof.model.settings import WarehouseSettings
from streamproof.warehouse.common.run_rows import rows_of
from streamproof.warehouse.postgres.client import Client, execute_script, quoted, refusals, run
from streamproof.warehouse.postgres.servers.databases import MAINTENANCE, create_database
from streamproof.warehouse.postgres.servers.preflight import exists

DATABASE = "streamproof"
_DDL = """
CREATE TABLE IF NOT EXISTS runs
(
    run_id text NOT NULL,
    pack text NOT NULL,
    mode text NOT NULL,
    stack text NOT NULL,
    verdict text NOT NULL,
    first_broken_layer text NOT NULL,
    error text NOT NULL,
    checks_passed bigint NOT NULL,
    checks_failed bigint NOT NULL,
    checks_errored bigint NOT NULL,
    checks_skipped bigint NOT NULL,
    duration_sec double precision NOT NULL,
    git_commit text NOT NULL,
    started_at timestamptz(3) NOT NULL
);
CREATE TABLE IF NOT EXISTS run_stages
(
    run_id text NOT NULL,
    stage text NOT NULL,
    status text NOT NULL,
    duration_sec double precision NOT NULL,
    error text NOT NULL,
    started_at timestamptz(3) NOT NULL
);
CREATE TABLE IF NOT EXISTS run_failures
(
    run_id text NOT NULL,
    suite text NOT NULL,
    name text NOT NULL,
    failed_rows bigint NOT NULL,
    started_at timestamptz(3) NOT NULL
);
"""


def log_run(settings: WarehouseSettings, summary: Mapping[str, Any]) -> None:
    """Add a run's summary to the log. The log is created if it is missing; logging a run again replaces its rows.

    Raises WarehouseError when PostgreSQL does not answer or refuses.
    """
    with closing(Client(settings.using(MAINTENANCE))) as server:
        if not exists(server, DATABASE):
            create_database(settings, DATABASE)
    with closing(Client(settings.using(DATABASE))) as client:
        execute_script(client, _DDL, "the log of runs")
        refused = refusals(f"The run could not be added to {DATABASE}", hint="May the user insert there?")
        with refused, client.writing() as session:
            for table, rows in rows_of(summary).items():
                run(session, f"DELETE FROM {table} WHERE run_id = {{run_id:text}}", {"run_id": summary["run_id"]})  # noqa: S608
                for row in rows:
                    names = ", ".join(map(quoted, row))
                    values = ", ".join(f"{{{name}:{_type(value)}}}" for name, value in row.items())
                    run(session, f"INSERT INTO {table} ({names}) VALUES ({values})", row)  # noqa: S608 - our own names


def _type(value: object) -> str:
    match value:
        case int():
            return "bigint"
        case float():
            return "double precision"
        case str():
            return "text"
        case _:
            return "timestamptz"
