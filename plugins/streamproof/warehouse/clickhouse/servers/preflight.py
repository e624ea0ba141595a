"""Before a run touches a server that it did not start: does it answer, is it new enough, has the user the rights.

Nothing is created: ClickHouse is asked what it has granted.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from streamproof.model.errors import WarehouseError
from streamproof.model.settings import ClickHouseSettings
from streamproof.warehouse.clickhouse.client import connect, refusals, rows

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

# Long-term releases that know every statement and setting of a run; what is tested is told in docs/stacks.md.
OLDEST_CLICKHOUSE = (25, 3)
# What a run does in its own database, and what it looks at outside of it.
_IN_DATABASE = (
    "CREATE DATABASE", "DROP DATABASE", "CREATE TABLE", "CREATE VIEW", "DROP TABLE", "DROP VIEW", "SELECT", "INSERT",
)  # fmt: skip
_ELSEWHERE = (
    "SELECT ON system.tables", "SELECT ON system.columns", "SELECT ON system.databases", "SELECT ON system.parts",
    "SELECT ON system.processes", "SELECT ON system.asynchronous_inserts", "SELECT ON system.kafka_consumers",
    "READ, WRITE ON KAFKA",
)  # fmt: skip


def connect_outside(settings: ClickHouseSettings, *, source: str) -> Client:
    """Open a client on a server that the run did not start. Raises WarehouseError that tells where to look."""
    try:
        return connect(settings)
    except WarehouseError as error:
        raise WarehouseError(
            error.message, hint=f"The connection comes from {source}. Are host, port, user and database right?"
        ) from None


def check_server(client: Client, settings: ClickHouseSettings, database: str, engines: Iterable[str]) -> str:
    """Check a server and return its version; `engines` are the table engines that the run's schema names.

    Raises WarehouseError: too old, a user that may only read, a right that is missing, a database that is
    there.
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
            hint="A run writes to a database of its own: give another user, or look with --mode observe.",
        )


def _refuse_missing_rights(client: Client, user: str, wanted: Iterable[str]) -> None:
    missing = [right for right in wanted if not _is_granted(client, right)]
    if missing:
        raise WarehouseError(
            f"ClickHouse user {user} lacks these rights: {'; '.join(missing)}.",
            hint="docs/stacks.md has the GRANT statements. Databases of runs are named sp_<pack>_<run id>.",
        )


def _is_granted(client: Client, right: str) -> bool:
    with refusals("ClickHouse does not tell what is granted", hint=f"The question was: CHECK GRANT {right}"):
        # The driver knows it for no query, so it is asked as a command, which returns the one value.
        return str(client.command(f"CHECK GRANT {right}")).strip() == "1"
