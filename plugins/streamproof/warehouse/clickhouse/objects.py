"""The tables and views of a database: their shapes, and which of them a SQL text reads."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from streamproof.sql.lexing import names_in
from streamproof.warehouse.clickhouse.client import rows
from streamproof.warehouse.values import Shape

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_COLUMNS = """
SELECT
    columns.table AS object, columns.name AS name, columns.type AS type, tables.engine AS engine,
    columns.default_kind AS kind
FROM system.columns AS columns
INNER JOIN system.tables AS tables ON columns.database = tables.database AND columns.table = tables.name
WHERE columns.database = currentDatabase() AND columns.table IN {objects:Array(String)}
ORDER BY columns.table ASC, columns.position ASC
"""
_COMPUTED = ("MATERIALIZED", "ALIAS", "EPHEMERAL")
_MERGES = ("Replacing", "Aggregating", "Summing", "Collapsing")

# The names in such a statement do not show what it reads: it reads a system table, takes a table's name as a
# parameter, or computes the pattern of `merge()`.
_READS_ANYTHING = re.compile(
    r"\bsystem\s*\.|\binformation_schema\b|:\s*Identifier\b|\bmerge\s*\((?!\s*'[^']*'\s*\))", re.IGNORECASE
)
_READS_PATTERN = re.compile(r"\bmerge\s*\(\s*'(?P<pattern>[^']*)'\s*\)", re.IGNORECASE)


def shapes_of(client: Client, objects: Collection[str]) -> dict[str, Shape]:
    """Return the shape of each of these objects that exists. Raises WarehouseError."""
    found: dict[str, dict[str, str]] = {}
    engines: dict[str, str] = {}
    computed: dict[str, set[str]] = {}
    for row in rows(client, _COLUMNS, {"objects": sorted(objects)}):
        found.setdefault(row["object"], {})[row["name"]] = row["type"]
        engines[row["object"]] = row["engine"]
        if row["kind"] in _COMPUTED:
            computed.setdefault(row["object"], set()).add(row["name"])
    return {
        name: replace(shape(columns, engines[name]), computed=frozenset(computed.get(name, ())))
        for name, columns in found.items()
    }


def shape(columns: dict[str, str], engine: str) -> Shape:
    """Return the shape of an object with these columns and this engine."""
    return Shape(
        columns,
        is_view=engine == "View",
        merges=any(kind in engine for kind in _MERGES),
        replaces="Replacing" in engine,
    )


def objects_read(text: str, names: Collection[str]) -> frozenset[str] | None:
    """Return the objects among `names` that a SQL text reads, by name or by a pattern; None if that is unknown."""
    if _READS_ANYTHING.search(text):
        return None
    patterns = [re.compile(match["pattern"]) for match in _READS_PATTERN.finditer(text)]
    return names_in(text, names) | {name for name in names if any(pattern.search(name) for pattern in patterns)}
