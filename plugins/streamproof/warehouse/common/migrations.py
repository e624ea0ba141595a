"""The numbered migrations of a schema folder, and the ledger of those that a database has."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streamproof.model.errors import SqlSourceError, WarehouseError
from streamproof.sql.reading import read_sql
from streamproof.warehouse.common.columns import listed

# The table with the ledger, in every kind of warehouse.
LEDGER = "schema_migrations"
_FILE_NAME = re.compile(r"(?P<number>\d{4})_(?P<name>\w+)\.sql\.j2")


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered template of a schema folder. `sha256` is the hash of its text in hexadecimal digits."""

    number: int
    name: str
    path: Path
    text: str
    sha256: str


@dataclass(frozen=True, slots=True)
class AppliedMigration:
    """A migration that this call applied, with the number of its statements."""

    number: int
    name: str
    statements: int


def read_migrations(folder: Path) -> list[Migration]:
    """Read a schema folder in the order of its numbers. Raises SqlSourceError for a wrong name or number."""
    found: list[Migration] = []
    for path in sorted(folder.glob("*.sql*")):
        match = _FILE_NAME.fullmatch(path.name)
        if not match:
            raise SqlSourceError(f"{path} is not named like 0001_what.sql.j2.", hint="Rename it; the number orders it.")
        text = read_sql(path)
        digest = hashlib.sha256(text.encode()).hexdigest()
        found.append(Migration(int(match["number"]), match["name"], path, text, digest))
    numbers = [migration.number for migration in found]
    if not found or len(set(numbers)) != len(numbers):
        raise SqlSourceError(
            f"{folder} holds {'one number twice' if found else 'no migration'}.", hint="Number the files 0001, 0002, …"
        )
    return found


def refuse_changes(migrations: Sequence[Migration], done: Mapping[int, Mapping[str, Any]]) -> None:
    """Raise WarehouseError when the file of an applied migration has changed or is gone. `done` is by number."""
    by_number = {migration.number: migration for migration in migrations}
    for number, row in sorted(done.items()):
        migration = by_number.get(number)
        if migration is None or migration.sha256 != row["sha256"]:
            raise WarehouseError(
                f"Migration {number:04d}_{row['name']} was applied to this database and has since "
                f"{'changed' if migration else 'disappeared'}.",
                hint="Put the change into a migration of a new number, or use a new database.",
            )


def refuse_other_migrations(folder: Path, done: Mapping[int, Mapping[str, Any]]) -> int:
    """Compare the ledger of a database, by number, with the migrations of a pack; return their number.

    `done` holds name and sha256 of each migration.

    Raises WarehouseError when the database is older or newer than the pack, or the file of a migration has changed.
    """
    migrations = read_migrations(folder)
    known = {migration.number for migration in migrations}
    newer = sorted(done.keys() - known)
    if newer:
        raise WarehouseError(
            f"The warehouse was made by a newer pack: it has {listed([_numbered(done[number]) for number in newer])}.",
            hint="Update this checkout to the release that the warehouse was migrated with.",
        )
    behind = [migration for migration in migrations if migration.number not in done]
    if behind:
        names = listed([f"{migration.number:04d}_{migration.name}" for migration in behind])
        raise WarehouseError(
            f"The warehouse is {len(behind)} migration{'s' * (len(behind) != 1)} behind: {names}.",
            hint="Migrate the warehouse, or observe it with the release that it was migrated with.",
        )
    _refuse_changed(migrations, done)
    return len(migrations)


def _refuse_changed(migrations: Sequence[Migration], done: Mapping[int, Mapping[str, Any]]) -> None:
    changed = [migration for migration in migrations if done[migration.number]["sha256"] != migration.sha256]
    if changed:
        names = listed([f"{migration.number:04d}_{migration.name}" for migration in changed])
        raise WarehouseError(
            f"The warehouse was migrated with other files than this pack's: {names}.",
            hint="Observe it with the release that it was migrated with.",
        )


def _numbered(row: Mapping[str, Any]) -> str:
    return f"{int(row['number']):04d}_{row['name']}"
