"""The mark of a run in its database. A run drops or uses a database again only when its mark is there."""

from __future__ import annotations

from streamproof.warehouse.postgres.client import Client, execute, rows

OWNER_TABLE = "streamproof_owner"
_OWNER_DDL = f"""
CREATE TABLE {OWNER_TABLE}
(
    run_id text PRIMARY KEY,
    pack text NOT NULL,
    created_at timestamptz(3) NOT NULL DEFAULT now()
)
"""


def mark(client: Client, run_id: str, pack: str) -> None:
    """Mark the client's database with its run. Raises WarehouseError."""
    execute(client, _OWNER_DDL)
    values = {"run_id": run_id, "pack": pack}
    execute(client, f"INSERT INTO {OWNER_TABLE} (run_id, pack) VALUES ({{run_id:text}}, {{pack:text}})", values)  # noqa: S608


def owner_of(client: Client) -> str | None:
    """Return the run that made the client's database, None when streamproof did not. Raises WarehouseError."""
    if not rows(client, "SELECT 1 AS found WHERE to_regclass({name:text}) IS NOT NULL", {"name": OWNER_TABLE}):
        return None
    found = rows(client, f"SELECT run_id FROM {OWNER_TABLE}")  # noqa: S608 - a constant
    return str(found[0]["run_id"]) if len(found) == 1 else None
