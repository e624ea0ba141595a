"""The statement that puts a row into a table a second time, although a key forbids that."""

from __future__ import annotations

from pathlib import Path

from streamproof.sql.dialects import POSTGRES
from streamproof.sql.templating import render

_TEMPLATE = Path(__file__).with_name("duplicate.sql.j2")


def duplicating(table: str, rest: str) -> str:
    """Return one statement that removes the keys of a table and inserts some of its rows again.

    `table` is a quoted name. `rest` is what follows FROM in the query of those rows; it may hold no `$rest$`.
    """
    return render(_TEMPLATE.read_text(encoding="utf-8"), {"table": table, "rest": rest}, _TEMPLATE.name, POSTGRES)
