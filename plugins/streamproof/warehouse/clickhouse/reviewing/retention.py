"""Read from a schema how long its tables keep their rows."""

from __future__ import annotations

import re
from pathlib import Path

from streamproof.sql.lexing import statements
from streamproof.sql.templating import render
from streamproof.warehouse.clickhouse.feed import schema_variables
from streamproof.warehouse.common.migrations import read_migrations

_TABLE = re.compile(r"^\s*CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?`?(?P<name>\w+)`?", re.IGNORECASE | re.MULTILINE)
# The clause of the table. That of a column, before ENGINE, deletes no rows.
_CLAUSE = re.compile(r"\bENGINE\b.*\bTTL\b(?P<rules>.*?)(?:\bSETTINGS\b|\bCOMMENT\b|\Z)", re.IGNORECASE | re.DOTALL)
_KEEPS = re.compile(r"\bTO\s+(?:VOLUME|DISK)\b|\bRECOMPRESS\b", re.IGNORECASE)
_LIFETIME = re.compile(
    r"\bINTERVAL\s+(?P<count>\d+)\s+(?P<unit>\w+?)S?\b|\btoInterval(?P<kind>\w+)\((?P<number>\d+)\)", re.IGNORECASE
)
_DAYS = {"day": 1, "week": 7, "month": 30, "quarter": 91, "year": 365}


def retention_days(schema: Path) -> dict[str, int]:
    """Return by table the days that it keeps its rows where retention is on, the shortest of several.

    Raises SqlSourceError for a schema that cannot be read.
    """
    found: dict[str, int] = {}
    for migration in read_migrations(schema):
        script = render(migration.text, schema_variables(None, retention=True), migration.path.name)
        for statement in statements(script, migration.path.name):
            table = _TABLE.search(statement)
            clause = _CLAUSE.search(statement) if table else None
            rules = [rule for rule in clause["rules"].split(",") if not _KEEPS.search(rule)] if clause else []
            days = [_days(match) for rule in rules for match in _LIFETIME.finditer(rule)]
            if table and days:
                found[table["name"]] = min(days)
    return found


def _days(match: re.Match[str]) -> int:
    unit = (match["unit"] or match["kind"]).lower()
    return int(match["count"] or match["number"]) * _DAYS.get(unit, 0)
