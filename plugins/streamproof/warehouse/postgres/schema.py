"""Check that a warehouse has the schema that a pack's checks need."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from streamproof.model.errors import WarehouseError
from streamproof.warehouse.common.columns import ENGINE_TABLES, compare_columns, expected_columns, refuse_missing
from streamproof.warehouse.common.migrations import LEDGER, refuse_other_migrations
from streamproof.warehouse.postgres.client import Client, rows
from streamproof.warehouse.postgres.migrations import applied_to
from streamproof.warehouse.postgres.objects import COLUMNS
from streamproof.warehouse.postgres.servers.ownership import OWNER_TABLE, owner_of
from streamproof.warehouse.values import SchemaFinding


def check_schema(client: Client, expected: Path, folder: Path, *, may_be_missing: Collection[str]) -> SchemaFinding:
    """Compare a database with a pack's schema. Nothing is written.

    `may_be_missing` are tables that only a run creates; those of the engine may be missing too. The columns that the
    user may read are always compared; the migrations only if the database has a ledger of them.
    Raises UsageError for a broken file, and WarehouseError for an empty database or an older or newer schema.
    """
    may_be_missing = tuple(dict.fromkeys((*may_be_missing, *ENGINE_TABLES)))
    found = read_columns(client)
    if not found:
        raise WarehouseError(
            f"Database {client.database} holds nothing that user {client.settings.user} may read.",
            hint="Is the database right, is SELECT granted? The tables must be in schema public.",
        )
    comparison = compare_columns(expected_columns(expected), found, leave_out=may_be_missing)
    migrations = refuse_other_migrations(folder, applied_to(client)) if LEDGER in found else None
    refuse_missing(comparison, client.database)
    return SchemaFinding(
        migrations=migrations,
        other_types=comparison.other_types,
        absent=tuple(name for name in may_be_missing if name not in found),
        owner=owner_of(client) if OWNER_TABLE in found else None,
        settings_are_fixed=False,
    )


def read_columns(client: Client) -> dict[str, dict[str, str]]:
    """Return the type of every column, by table or view, that the client's user may read. Raises WarehouseError."""
    found: dict[str, dict[str, str]] = {}
    for row in rows(client, COLUMNS):
        found.setdefault(row["object"], {})[row["name"]] = row["type"]
    return found
