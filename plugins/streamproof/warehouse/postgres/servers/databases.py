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
# The schema of TimescaleDB's functions for background workers.
_WORKERS = "_timescaledb_functions"


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
    """Keep the background workers of TimescaleDB out of a database for the time of the block. They are sessions, too.

    Creating a database from a template makes TimescaleDB start the stopped worker of the template again. So the
    database takes no new connections meanwhile.
    """
    session = connect(settings)
    try:
        found = session.execute("SELECT to_regnamespace(%s)", (_WORKERS,)).fetchone()
        if found is None or found[0] is None:
            session.close()
            yield
            return
        with _closed(settings):
            doing = f"The background workers of TimescaleDB in {settings.database} could not be stopped"
            with refusals(doing, hint="May the user do that? Only a superuser may stop them."):
                session.execute(f"SELECT {_WORKERS}.stop_background_workers()")
            session.close()
            yield
    finally:
        session.close()
    session = connect(settings)
    try:
        with refusals(f"The background workers of TimescaleDB in {settings.database} were not started", hint=""):
            session.execute(f"SELECT {_WORKERS}.start_background_workers()")
    finally:
        session.close()


@contextmanager
def _closed(settings: WarehouseSettings) -> Iterator[None]:
    """Let a database take no new connections for the time of the block. Raises WarehouseError."""
    allow = f"ALTER DATABASE {quoted(settings.database)} ALLOW_CONNECTIONS"
    _maintain(settings, f"{allow} false", f"Database {settings.database} could not be closed for new connections")
    try:
        yield
    finally:
        _maintain(settings, f"{allow} true", f"Database {settings.database} could not be opened for connections again")


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
