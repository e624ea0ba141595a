"""Check a server that the run did not start: its version, its encoding, and the rights of the user.

The checks create nothing. They ask PostgreSQL which rights the user has.
"""

from __future__ import annotations

from streamproof.model.errors import WarehouseError
from streamproof.warehouse.postgres.client import Client, rows

# The oldest release that its makers still maintain and that has every statement of a run.
OLDEST_POSTGRES = (14, 0)
# PostgreSQL cuts off what is longer than 63 bytes. A clone adds an ending to the name of its source.
LONGEST_NAME_BYTES = 63 - len("_proof_000")
_RIGHTS = """
SELECT rolsuper AS is_superuser, rolcreatedb AS creates_databases, pg_is_in_recovery() AS is_standby,
    current_setting('default_transaction_read_only') AS read_only
FROM pg_roles
WHERE rolname = current_user
"""
_EXISTS = "SELECT 1 AS found FROM pg_database WHERE datname = {database:text}"
_TAKEN = "Choose another --run-id. streamproof never touches a database that it did not create."


def exists(client: Client, database: str) -> bool:
    """Return whether a database exists. Raises WarehouseError."""
    return bool(rows(client, _EXISTS, {"database": database}))


def refuse_long(database: str) -> None:
    """Raise WarehouseError for a name that PostgreSQL would cut off, or that of a clone of the database."""
    if len(database.encode()) > LONGEST_NAME_BYTES:
        raise WarehouseError(
            f"The name of database {database} is longer than {LONGEST_NAME_BYTES} bytes.",
            hint="Choose a shorter --run-id: databases of runs are named sp_<pack>_<run id>.",
        )


def check_server(client: Client, database: str) -> str:
    """Check a server and return its version.

    Raises WarehouseError when the server is too old or a standby, the user may only read or misses a right, or the
    database exists.
    """
    _refuse_old(client.version)
    refuse_long(database)
    rights = rows(client, _RIGHTS)[0]
    user = client.settings.user
    if rights["is_standby"] or rights["read_only"] == "on":
        what = "is a standby" if rights["is_standby"] else f"lets user {user} only read"
        raise WarehouseError(
            f"PostgreSQL at {address(client)} {what}.",
            hint="A run writes to a database of its own: name the primary, or use --mode observe, which only reads.",
        )
    if not (rights["creates_databases"] or rights["is_superuser"]):
        raise WarehouseError(
            f"PostgreSQL user {user} may not create databases.",
            hint="ALTER ROLE … CREATEDB, or use --mode observe. Databases of runs are named sp_<pack>_<run id>.",
        )
    if exists(client, database):
        raise WarehouseError(f"PostgreSQL at {address(client)} already has database {database}.", hint=_TAKEN)
    return client.version


def address(client: Client) -> str:
    """Return host and port of the server."""
    return f"{client.settings.host}:{client.settings.port}"


def _refuse_old(version: str) -> None:
    numbers = tuple(int(part) for part in version.split(" ", maxsplit=1)[0].split(".")[:2] if part.isdecimal())
    if numbers < OLDEST_POSTGRES:
        raise WarehouseError(f"PostgreSQL {version} is too old.", hint=f"A run needs {OLDEST_POSTGRES[0]} or newer.")
