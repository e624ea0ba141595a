"""Check that a warehouse has the schema that a pack's checks need."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from streamproof.model.errors import UsageError, WarehouseError
from streamproof.warehouse.clickhouse.client import rows
from streamproof.warehouse.clickhouse.migrations import ENGINE_TABLES, LEDGER, Migration, read_migrations
from streamproof.warehouse.clickhouse.reading import is_frozen, refuse_profile
from streamproof.warehouse.clickhouse.servers.server import OWNER_TABLE, owner_of
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
_SHOWN = 12

Columns = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The expected tables and columns that a warehouse does not have, and the columns that have another type."""

    missing_tables: tuple[str, ...]
    missing_columns: tuple[str, ...]
    other_types: tuple[str, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """Return the missing tables and columns."""
        return (*self.missing_tables, *self.missing_columns)


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
    migrations = refuse_other_migrations(client, folder) if LEDGER in found else None
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


def expected_columns(file: Path) -> Columns:
    """Read the expected columns, by table. Raises UsageError when the file is missing or broken."""
    try:
        found: dict[str, dict[str, str]] = orjson.loads(file.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}.", hint="Write it again: `make schema-columns`.") from None
    return found


def compare_columns(expected: Columns, found: Columns, *, leave_out: Collection[str]) -> Comparison:
    """Compare a warehouse with the expected columns. Tables in `leave_out` may be missing; additional ones are fine."""
    wanted = {table: columns for table, columns in expected.items() if table in found or table not in leave_out}
    both = [(table, name, kind) for table in wanted if table in found for name, kind in wanted[table].items()]
    return Comparison(
        missing_tables=tuple(table for table in wanted if table not in found),
        missing_columns=tuple(f"{table}.{name}" for table, name, _ in both if name not in found[table]),
        other_types=tuple(
            f"{table}.{name} is {found[table][name]}, not {kind}"
            for table, name, kind in both
            if found[table].get(name, kind) != kind
        ),
    )


def refuse_other_migrations(client: Client, folder: Path) -> int:
    """Compare the database's ledger of migrations with the pack's migrations; return their number.

    Raises WarehouseError when the database is older or newer than the pack, or the file of a migration has changed.
    """
    migrations = read_migrations(folder)
    done = {int(row["number"]): row for row in rows(client, f"SELECT number, name, sha256 FROM {LEDGER}")}  # noqa: S608
    known = {migration.number for migration in migrations}
    newer = sorted(done.keys() - known)
    if newer:
        raise WarehouseError(
            f"The warehouse was made by a newer pack: it has {_listed([_numbered(done[number]) for number in newer])}.",
            hint="Update this checkout to the release that the warehouse was migrated with.",
        )
    behind = [migration for migration in migrations if migration.number not in done]
    if behind:
        names = _listed([f"{migration.number:04d}_{migration.name}" for migration in behind])
        raise WarehouseError(
            f"The warehouse is {len(behind)} migration{'s' * (len(behind) != 1)} behind: {names}.",
            hint="Migrate the warehouse, or observe it with the release that it was migrated with.",
        )
    _refuse_changed(migrations, done)
    return len(migrations)


def _refuse_changed(migrations: Sequence[Migration], done: Mapping[int, Mapping[str, Any]]) -> None:
    changed = [migration for migration in migrations if done[migration.number]["sha256"] != migration.sha256]
    if changed:
        names = _listed([f"{migration.number:04d}_{migration.name}" for migration in changed])
        raise WarehouseError(
            f"The warehouse was migrated with other files than this pack's: {names}.",
            hint="Observe it with the release that it was migrated with.",
        )


def refuse_missing(comparison: Comparison, database: str) -> None:
    """Raise WarehouseError that names the missing tables, views and columns, if there are any."""
    if comparison.missing:
        raise WarehouseError(
            f"Database {database} has no {_listed(comparison.missing)}.",
            hint="Is this the pack's warehouse, is its schema older, or may the user not SELECT from all of it?",
        )


def _numbered(row: Mapping[str, Any]) -> str:
    return f"{int(row['number']):04d}_{row['name']}"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
