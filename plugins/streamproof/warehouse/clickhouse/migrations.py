"""Apply the numbered migrations of a schema. A ledger table records which ones a database has."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from streamproof.model.errors import SqlSourceError, WarehouseError
from streamproof.sql.reading import read_sql
from streamproof.sql.scripts import script_of
from streamproof.sql.templating import render
from streamproof.warehouse.clickhouse.client import execute, new_session, refusals, rows

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

LEDGER = "schema_migrations"
LEDGER_DDL = f"""
CREATE TABLE IF NOT EXISTS {LEDGER}
(
    number UInt32,
    name String,
    sha256 String COMMENT 'Of the template, in hexadecimal digits',
    statements UInt32,
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = MergeTree
ORDER BY number
"""
# The tables of the engine itself, which every database with a schema has.
_TABLES = Path(__file__).parent / "accounting" / "tables.sql"
ENGINE_TABLES = ("replay_ledger", "reject_topic_ids", "service_log_lines")
_FILE_NAME = re.compile(r"(?P<number>\d{4})_(?P<name>\w+)\.sql\.j2")


def engine_statements() -> list[str]:
    """Return the statements that create the engine's own tables, unless they exist."""
    return [LEDGER_DDL, *script_of(_TABLES.read_text(encoding="utf-8"), _TABLES.name)]


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


def apply_migrations(client: Client, folder: Path, variables: Mapping[str, object]) -> list[AppliedMigration]:
    """Apply the migrations that the client's database does not have yet, in order, and return them.

    The tables of the engine are created first: the ledgers of migrations and of records, and that of log lines.
    A second call changes nothing. A migration is recorded in the ledger table when its last statement has succeeded.
    After a failure inside a migration, correct the file and drop the database. Raises SqlSourceError for a template
    that cannot be rendered (before anything is changed), and WarehouseError when the file of an applied migration has
    changed or is gone, or ClickHouse refuses a statement.
    """
    migrations = read_migrations(folder)
    scripts = {m.number: script_of(render(m.text, variables, m.path.name), m.path.name) for m in migrations}
    for statement in engine_statements():
        execute(client, statement)
    done = {int(row["number"]): row for row in rows(client, f"SELECT number, name, sha256 FROM {LEDGER}")}  # noqa: S608
    _refuse_changes(migrations, done)
    applied: list[AppliedMigration] = []
    for migration in migrations:
        if migration.number not in done:
            applied.append(_apply(client, migration, scripts[migration.number]))
    return applied


def _refuse_changes(migrations: list[Migration], done: Mapping[int, Mapping[str, object]]) -> None:
    by_number = {migration.number: migration for migration in migrations}
    for number, row in sorted(done.items()):
        migration = by_number.get(number)
        if migration is None or migration.sha256 != row["sha256"]:
            raise WarehouseError(
                f"Migration {number:04d}_{row['name']} was applied to this database and has since "
                f"{'changed' if migration else 'disappeared'}.",
                hint="Put the change into a migration of a new number, or use a new database.",
            )


def _apply(client: Client, migration: Migration, script: list[str]) -> AppliedMigration:
    session = new_session()
    for position, statement in enumerate(script, start=1):
        with refusals(
            f"{migration.path.name}, statement {position} of {len(script)}",
            hint="Correct the file. The statements before this one were applied: drop the database, then apply again.",
        ):
            client.command(statement, settings=session)
    execute(
        client,
        f"INSERT INTO {LEDGER} (number, name, sha256, statements) "  # noqa: S608 - a constant
        "VALUES ({number:UInt32}, {name:String}, {sha256:String}, {statements:UInt32})",
        {
            "number": migration.number,
            "name": migration.name,
            "sha256": migration.sha256,
            "statements": len(script),
        },
    )
    return AppliedMigration(migration.number, migration.name, len(script))
