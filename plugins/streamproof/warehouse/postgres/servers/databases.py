"""Create and drop databases. PostgreSQL does that outside transactions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from streamproof.model.settings import WarehouseSettings
from streamproof.sql.dialects import POSTGRES
from streamproof.warehouse.postgres.client import APPLICATION, connect, quoted, refusals

# Exists on every server, and no run writes to it.
MAINTENANCE = "postgres"


def create_database(settings: WarehouseSettings, database: str, *, template: str = "template0") -> None:
    """Create a database as a copy of a template, which no one may be connected to. Raises WarehouseError."""
    encoding = " ENCODING 'UTF8'" if template == "template0" else ""
    _maintain(
        settings,
        f"CREATE DATABASE {quoted(database)} TEMPLATE {quoted(template)}{encoding}",
        f"Database {database} could not be created",
    )


def copy_database(settings: WarehouseSettings, name: str) -> None:
    """Create database `name` as a copy of that of the settings. Raises WarehouseError when others are connected to it.

    Idle sessions of our own are ended: nobody may be connected to a database while it is copied.
    """
    _maintain(
        settings,
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "  # noqa: S608 - our own name
        f"WHERE datname = {POSTGRES.string(settings.database)} AND usename = current_user AND state = 'idle' "
        f"AND application_name = '{APPLICATION}'",
        f"The sessions in database {settings.database} could not be ended",
    )
    with _without_workers(settings):
        create_database(settings, name, template=settings.database)


@contextmanager
def _without_workers(settings: WarehouseSettings) -> Iterator[None]:
    """Stop the background workers of TimescaleDB in a database for the time of the block. They are sessions, too."""
    doing = f"The background workers of TimescaleDB in {settings.database} could not be stopped"
    has_workers = _call(settings, "SELECT to_regprocedure('_timescaledb_functions.stop_background_workers()')", doing)
    if not has_workers:
        yield
        return
    _call(settings, "SELECT _timescaledb_functions.stop_background_workers()", doing)
    try:
        yield
    finally:
        _call(settings, "SELECT _timescaledb_functions.start_background_workers()", doing)


def _call(settings: WarehouseSettings, query: Any, doing: str) -> Any:
    """Return the single value of a query in the database of the settings. Raises WarehouseError."""
    session = connect(settings)
    try:
        with refusals(doing, hint="May the user do that? Only a superuser may stop them."):
            row = session.execute(query).fetchone()
            return row[0] if row else None
    finally:
        session.close()


def drop_database(settings: WarehouseSettings, database: str) -> None:
    """Drop a database, unless it does not exist, and end the sessions in it. Raises WarehouseError."""
    _maintain(
        settings,
        f"DROP DATABASE IF EXISTS {quoted(database)} WITH (FORCE)",
        f"Database {database} could not be dropped",
    )


def _maintain(settings: WarehouseSettings, statement: Any, doing: str) -> None:
    session = connect(settings.using(MAINTENANCE))
    try:
        with refusals(doing, hint="May the user create databases, and is nobody else connected to it?"):
            session.execute(statement)
    finally:
        session.close()
