"""The tables and views of a database: their shapes, and which of them a SQL text reads."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from streamproof.sql.lexing import names_in
from streamproof.warehouse.postgres.client import Client, rows
from streamproof.warehouse.values import Shape

if TYPE_CHECKING:
    from psycopg import Connection

# The columns of tables, partitioned tables and views. Partitions and the chunks of hypertables are parts of others.
COLUMNS = """
SELECT
    c.relname::text AS object, a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type,
    c.relkind IN ('v', 'm') AS is_view, a.attgenerated <> '' OR a.attidentity = 'a' AS is_computed,
    a.attnotnull AS is_set
FROM pg_class AS c
INNER JOIN pg_attribute AS a ON a.attrelid = c.oid
WHERE c.relnamespace = 'public'::regnamespace
    AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND NOT c.relispartition
    AND a.attnum > 0
    AND NOT a.attisdropped
    AND has_column_privilege(c.oid, a.attnum, 'SELECT')
ORDER BY c.relname, a.attnum
"""
_SOME = f"SELECT * FROM ({COLUMNS}) AS columns WHERE object = ANY({{objects:text[]}})"  # noqa: S608 - constants

# The names in such a statement do not show what it reads.
_READS_ANYTHING = re.compile(
    r"\bpg_\w+|\binformation_schema\b|\b(table|query|database|schema)_to_xml\w*\s*\(|::\s*regclass\b", re.IGNORECASE
)


def shapes_of(client: Client, objects: Collection[str]) -> dict[str, Shape]:
    """Return the shape of each of these objects that exists. No table merges rows later. Raises WarehouseError."""
    found: dict[str, dict[str, str]] = {}
    views: set[str] = set()
    computed: dict[str, set[str]] = {}
    for row in rows(client, _SOME, {"objects": sorted(objects)}):
        found.setdefault(row["object"], {})[row["name"]] = row["type"]
        if row["is_view"]:
            views.add(row["object"])
        if row["is_computed"]:
            computed.setdefault(row["object"], set()).add(row["name"])
    return {
        name: Shape(columns, is_view=name in views, computed=frozenset(computed.get(name, ())))
        for name, columns in found.items()
    }


def described(session: Connection[Any], sql: str) -> dict[str, str]:
    """Return the columns of a query with their types, without reading rows. Raises errors of the driver."""
    statement: Any = f"SELECT * FROM (\n{sql}\n) AS described LIMIT 0"  # noqa: S608 - SQL of the pack
    cursor = session.execute(statement)
    result, columns = cursor.pgresult, cursor.description or ()
    modifiers = [result.fmod(number) if result else -1 for number in range(len(columns))]
    types: dict[str, str] = {}
    for column, modifier in zip(columns, modifiers, strict=True):
        row = session.execute("SELECT format_type(%s::oid, %s)", [column.type_code, modifier]).fetchone()
        types[column.name] = str(row[0]) if row else ""
    return types


def objects_read(text: str, names: Collection[str]) -> frozenset[str] | None:
    """Return the objects among `names` that a SQL text names; None if it reads the catalog, and so perhaps all."""
    return None if _READS_ANYTHING.search(text) else names_in(text, names)
