"""Apply the numbered migrations of a schema. A ledger table records which ones a database has."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamproof.sql.scripts import script_of
from streamproof.sql.templating import render
from streamproof.warehouse.clickhouse.client import execute, new_session, refusals, rows
from streamproof.warehouse.common.migrations import LEDGER, AppliedMigration, Migration, read_migrations, refuse_changes

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

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


def engine_statements() -> list[str]:
    """Return the statements that create the engine's own tables, unless they exist."""
    return [LEDGER_DDL, *script_of(_TABLES.read_text(encoding="utf-8"), _TABLES.name)]


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
    done = applied_to(client)
    refuse_changes(migrations, done)
    applied: list[AppliedMigration] = []
    for migration in migrations:
        if migration.number not in done:
            applied.append(_apply(client, migration, scripts[migration.number]))
    return applied


def applied_to(client: Client) -> dict[int, dict[str, Any]]:
    """Return number, name and sha256 of the migrations that a database has, by number. Raises WarehouseError."""
    return {int(row["number"]): row for row in rows(client, f"SELECT number, name, sha256 FROM {LEDGER}")}  # noqa: S608


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
