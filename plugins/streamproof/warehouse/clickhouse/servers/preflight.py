"""Check a server that the run did not start: whether it answers, its version, and the rights of the user.

The checks create nothing. They ask ClickHouse which rights the user has.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from streamproof.model.errors import WarehouseError
from streamproof.model.settings import WarehouseSettings
from streamproof.warehouse.clickhouse.client import connect, refusals, rows

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

# The oldest long-term release with every statement and setting of a run. docs/stacks.md lists the tested versions.
OLDEST_CLICKHOUSE = (25, 3)
# Rights that a run needs in its own database, and elsewhere on the server.
_IN_DATABASE = (
    "CREATE DATABASE", "DROP DATABASE", "CREATE TABLE", "CREATE VIEW", "DROP TABLE", "DROP VIEW", "SELECT", "INSERT",
)  # fmt: skip
_ELSEWHERE = (
    "SELECT ON system.tables", "SELECT ON system.columns", "SELECT ON system.databases", "SELECT ON system.parts",
    "SELECT ON system.processes", "SELECT ON system.asynchronous_inserts", "SELECT ON system.kafka_consumers",
    "READ, WRITE ON KAFKA",
)  # fmt: skip


def connect_outside(settings: WarehouseSettings, *, source: str) -> Client:
    """Open a client on a server that the run did not start. Raises WarehouseError that names the source."""
    try:
        return connect(settings)
    except WarehouseError as error:
        raise WarehouseError(
            error.message, hint=f"The connection comes from {source}. Are host, port, user and database right?"
        ) from None


def check_server(client: Client, settings: WarehouseSettings, database: str, engines: Iterable[str]) -> str:
    """Check a server and return its version. `engines` are the table engines that the run's schema uses.

    Raises WarehouseError when the server is too old, the user may only read or misses a right, or the database exists.
    """
    _refuse_old(client)
    _refuse_reader(client, settings.user)
    engine_rights = [f"TABLE ENGINE ON {engine}" for engine in engines]
    in_database = [f"{right} ON {database}.*" for right in _IN_DATABASE]
    _refuse_missing_rights(client, settings.user, [*in_database, *engine_rights, *_ELSEWHERE])
    taken = rows(client, "SELECT 1 FROM system.databases WHERE name = {name:String}", {"name": database})
    if taken:
        raise WarehouseError(
            f"ClickHouse at {settings.url} already has database {database}.",
            hint="Choose another --run-id. streamproof never touches a database that it did not create.",
        )
    return str(client.server_version)


def _refuse_old(client: Client) -> None:
    version = str(client.server_version)
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
    if numbers < OLDEST_CLICKHOUSE:
        oldest = ".".join(map(str, OLDEST_CLICKHOUSE))
        raise WarehouseError(f"ClickHouse {version} is too old.", hint=f"A run needs {oldest} or newer.")


def _refuse_reader(client: Client, user: str) -> None:
    profile = client.server_settings.get("readonly")
    if profile is not None and profile.value != "0":
        raise WarehouseError(
            f"ClickHouse user {user} may only read (readonly = {profile.value} in its profile).",
            hint="A run writes to a database of its own: give another user, or use --mode observe, which only reads.",
        )


def _refuse_missing_rights(client: Client, user: str, wanted: Iterable[str]) -> None:
    missing = [right for right in wanted if not _is_granted(client, right)]
    if missing:
        raise WarehouseError(
            f"ClickHouse user {user} lacks these rights: {'; '.join(missing)}.",
            hint="docs/stacks.md has the GRANT statements. Databases of runs are named sp_<pack>_<run id>.",
        )


def _is_granted(client: Client, right: str) -> bool:
    with refusals("ClickHouse cannot report what is granted", hint=f"The question was: CHECK GRANT {right}"):
        # The driver does not know that CHECK GRANT returns a result. As a command, it returns the single value.
        return str(client.command(f"CHECK GRANT {right}")).strip() == "1"
