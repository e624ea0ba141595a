"""Apply the numbered migrations of a schema. A ledger table records which ones a database has."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from streamproof.sql.dialects import POSTGRES
from streamproof.sql.scripts import script_of
from streamproof.sql.templating import render
from streamproof.warehouse.common.migrations import (
    LEDGER,
    AppliedMigration,
    Migration,
    read_migrations,
    refuse_changes,
)
from streamproof.warehouse.postgres.client import Client, refusals, rows, run

LEDGER_DDL = f"""
CREATE TABLE IF NOT EXISTS {LEDGER}
(
    number bigint PRIMARY KEY,
    name text NOT NULL,
    sha256 text NOT NULL,
    statements bigint NOT NULL,
    applied_at timestamptz(3) NOT NULL DEFAULT now()
)
"""
_TABLES = Path(__file__).parent / "accounting" / "tables.sql"
# An extension that is not preloaded closes the session when it is created. So the server is asked, nothing is tried.
_HAS_TIMESCALEDB = """
SELECT EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'timescaledb')
    AND coalesce(current_setting('shared_preload_libraries', true), '') ~ '\\mtimescaledb\\M' AS found
"""


def engine_statements() -> list[str]:
    """Return the statements that create the engine's own tables, unless they exist."""
    return [LEDGER_DDL, *script_of(_TABLES.read_text(encoding="utf-8"), _TABLES.name, POSTGRES)]


def schema_variables(client: Client, *, retention: bool) -> dict[str, object]:
    """Return the variables of a schema's templates: `retention`, and whether the server has TimescaleDB.

    `kafka` is always false: PostgreSQL reads no topic. Raises WarehouseError.
    """
    found = rows(client, _HAS_TIMESCALEDB)[0]["found"]
    return {"kafka": False, "retention": retention, "timescaledb": bool(found)}


def scripts_of(folder: Path, variables: Mapping[str, object]) -> list[tuple[Migration, list[str]]]:
    """Return the migrations of a folder with their statements. Raises SqlSourceError."""
    return [
        (
            migration,
            script_of(render(migration.text, variables, migration.path.name, POSTGRES), migration.path.name, POSTGRES),
        )
        for migration in read_migrations(folder)
    ]


def apply_migrations(client: Client, folder: Path, variables: Mapping[str, object]) -> list[AppliedMigration]:
    """Apply the migrations that the client's database does not have yet, in order, and return them.

    The tables of the engine are created first. A second call changes nothing. A migration and its row in the ledger are
    one transaction: after a failure, nothing of it is left.

    Raises SqlSourceError for a template that cannot be rendered (before anything is changed), and WarehouseError when
    the file of an applied migration has changed or is gone, or PostgreSQL refuses a statement.
    """
    scripts = scripts_of(folder, variables)
    creating = refusals("The engine's own tables could not be created", hint="May the user create tables in public?")
    with creating, client.writing() as session:
        for statement in engine_statements():
            run(session, statement)
    done = applied_to(client)
    refuse_changes([migration for migration, _ in scripts], done)
    return [_apply(client, migration, script) for migration, script in scripts if migration.number not in done]


def applied_to(client: Client) -> dict[int, dict[str, Any]]:
    """Return number, name and sha256 of the migrations that a database has, by number. Raises WarehouseError."""
    return {int(row["number"]): row for row in rows(client, f"SELECT number, name, sha256 FROM {LEDGER}")}  # noqa: S608


def _apply(client: Client, migration: Migration, script: list[str]) -> AppliedMigration:
    recorded = {
        "number": migration.number,
        "name": migration.name,
        "sha256": migration.sha256,
        "statements": len(script),
    }
    hint = "Correct the file, then apply again. Nothing of this migration is left in the database."
    with refusals(migration.path.name, hint=hint), client.writing() as session:
        for position, statement in enumerate(script, start=1):
            with refusals(f"{migration.path.name}, statement {position} of {len(script)}", hint=hint):
                run(session, statement)
        run(
            session,
            f"INSERT INTO {LEDGER} (number, name, sha256, statements) "  # noqa: S608 - a constant
            "VALUES ({number:bigint}, {name:text}, {sha256:text}, {statements:bigint})",
            recorded,
        )
    return AppliedMigration(migration.number, migration.name, len(script))
