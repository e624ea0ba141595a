"""Check that a warehouse has the schema that a pack's checks need."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from streamproof.model.errors import WarehouseError
from streamproof.warehouse.clickhouse.client import rows
from streamproof.warehouse.clickhouse.migrations import applied_to
from streamproof.warehouse.clickhouse.reading import is_frozen, refuse_profile
from streamproof.warehouse.clickhouse.servers.server import OWNER_TABLE, owner_of
from streamproof.warehouse.common.columns import ENGINE_TABLES, compare_columns, expected_columns, refuse_missing
from streamproof.warehouse.common.migrations import LEDGER, refuse_other_migrations
from streamproof.warehouse.values import SchemaFinding

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

# The columns that checks can read. Kafka tables and materialized views only feed the other tables.
_COLUMNS = """
SELECT columns.table AS `table`, columns.name AS name, columns.type AS type
FROM system.columns AS columns
INNER JOIN system.tables AS tables ON tables.database = columns.database AND tables.name = columns.table
WHERE columns.database = currentDatabase() AND tables.engine NOT IN ('Kafka', 'MaterializedView')
ORDER BY columns.table, columns.position
"""


def check_schema(
    client: Client, expected: Path, folder: Path, *, user: str, may_be_missing: Collection[str]
) -> SchemaFinding:
    """Compare a database with a pack's schema. Nothing is written.

    `may_be_missing` are tables that only a run creates; those of the engine may be missing too. `user` is the name of
    the client's user, for errors.

    The columns that the user may see are always compared; the migrations only if the database has a ledger of them.
    Raises UsageError for a broken file, and WarehouseError for an empty database or an older or newer schema.
    """
    refuse_profile(client)
    may_be_missing = tuple(dict.fromkeys((*may_be_missing, *ENGINE_TABLES)))
    found = read_columns(client)
    if not found:
        raise WarehouseError(
            f"Database {client.database} holds nothing that user {user} may read.",
            hint="Is the database right, is SELECT granted?",
        )
    comparison = compare_columns(expected_columns(expected), found, leave_out=may_be_missing)
    migrations = refuse_other_migrations(folder, applied_to(client)) if LEDGER in found else None
    # The columns are checked even when the migrations agree: a table may have been dropped since, or be hidden from
    # this user.
    refuse_missing(comparison, str(client.database))
    return SchemaFinding(
        migrations=migrations,
        other_types=comparison.other_types,
        absent=tuple(name for name in may_be_missing if name not in found),
        owner=owner_of(client, str(client.database)) if OWNER_TABLE in found else None,
        settings_are_fixed=is_frozen(client),
    )


def read_columns(client: Client) -> dict[str, dict[str, str]]:
    """Return the type of every column, by table or view, that the client's user may see. Raises WarehouseError."""
    found: dict[str, dict[str, str]] = {}
    for row in rows(client, _COLUMNS):
        found.setdefault(str(row["table"]), {})[str(row["name"])] = str(row["type"])
    return found
