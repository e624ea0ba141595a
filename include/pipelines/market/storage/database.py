"""The connection to PostgreSQL, and what must be there before anything is fetched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from pipelines.market.errors import BadInputError, PipelineError
from pipelines.market.storage.tables import TABLES

_OWN_TABLES = {
    "download_progress": {
        "job_id", "chunk_identifier", "job_type", "dataset", "schema_name", "symbols", "range_start", "range_end",
        "requested_start", "requested_end", "covered_from_ns", "covered_to_ns", "completion_status", "records_served",
        "records_processed", "records_quarantined", "rows_changed", "downloads", "updated_at",
    },
    "quarantined_records": {
        "chunk_identifier", "position", "job_id", "dataset", "schema_name", "stage", "rule", "message", "symbol",
        "publisher_id", "instrument_id", "ts_event_ns", "ts_recv_ns", "record",
    },
}  # fmt: skip


@contextmanager
def connected() -> Iterator[psycopg.Connection]:
    """Connect as the variables of libpq say. Raises PipelineError when the server is away or refuses."""
    try:
        connection = psycopg.connect(autocommit=True, connect_timeout=10, application_name="market-ingest")
    except psycopg.OperationalError as error:
        raise PipelineError(
            f"PostgreSQL cannot be reached: {one_line(error)}",
            hint="Check PGHOST, PGPORT, PGDATABASE, PGUSER, PGPASSWORD.",
        ) from None
    with connection:
        connection.execute("SET TIME ZONE 'UTC'")
        yield connection


@contextmanager
def refusals(what: str) -> Iterator[None]:
    """Turn an error of the database into one of the program. Raises PipelineError."""
    try:
        yield
    except psycopg.errors.CardinalityViolation as error:
        raise PipelineError(
            f"{what}: two records of the chunk have the same key.", hint="The stream is not in the order of receipt."
        ) from error
    except psycopg.errors.DiskFull as error:
        raise PipelineError(f"{what}: the disk of the database is full.", hint="Free space and start again.") from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise PipelineError(f"{what}: {one_line(error)}", hint="Grant the missing right and start again.") from error
    except psycopg.Error as error:
        raise PipelineError(
            f"{what}: {one_line(error)}", hint="The chunk was not loaded. Correct the cause and start again."
        ) from error


def require_schema(connection: psycopg.Connection) -> None:
    """Require the tables with their columns, and the rights to write them. Raises BadInputError or PipelineError."""
    with refusals("The tables cannot be looked at"):
        found = connection.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()"
        ).fetchall()
    columns: dict[str, set[str]] = {}
    for table, column in found:
        columns.setdefault(table, set()).add(column)
    needed = {table.name: {*table.columns, *table.key} for table in TABLES.values()} | _OWN_TABLES
    for name, wanted in needed.items():
        missing = wanted - columns.get(name, set())
        if missing:
            what = f"has no column {', '.join(sorted(missing))}" if name in columns else "does not exist"
            raise BadInputError(
                f"Table {name} {what}, or this user may not see it.",
                hint="Apply the migrations of include/sql/market/schema to this database, and grant the rights.",
            )
        _require_rights(connection, name)


def _require_rights(connection: psycopg.Connection, table: str) -> None:
    for right in ("SELECT", "INSERT", "UPDATE"):
        row = connection.execute("SELECT has_table_privilege(%s, %s)", (table, right)).fetchone()
        if not (row and row[0]):
            raise PipelineError(
                f"This user has no right {right} on table {table}.",
                hint=f"GRANT SELECT, INSERT, UPDATE ON {table} TO its role.",
            )


@contextmanager
def one_at_a_time(connection: psycopg.Connection, job_id: str) -> Iterator[None]:
    """Hold the lock of a job while it runs. Raises PipelineError while another program holds it."""
    row = connection.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 16))", (job_id,)).fetchone()
    if not (row and row[0]):
        raise PipelineError(f"Job {job_id} is running already.", hint="Wait until it has ended.")
    yield


def identifiers(names: list[str], prefix: str = "") -> sql.Composable:
    """Return names for a statement, divided by commas."""
    parts = [sql.Identifier(prefix, name) if prefix else sql.Identifier(name) for name in names]
    return sql.SQL(", ").join(parts)


def one_line(error: Exception) -> str:
    """Return the text of an error on one line."""
    return " ".join(str(error).split()) or type(error).__name__
