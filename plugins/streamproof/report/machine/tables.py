"""The rows of a query as a JSON document, as CSV for spreadsheets, and as a Markdown table."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from streamproof.model.formats.json_text import to_json
from streamproof.report.formatting import value, writable
from streamproof.report.templating import markdown_cell

# Types of which no value can be taken for a formula.
_SAFE_TYPES = ("integer", "number", "decimal", "boolean", "timestamp", "date")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a query as plain JSON data, and the columns with their types.

    A type is `integer`, `number`, `decimal` (exact, as text), `boolean`, `text`, `timestamp` (ISO-8601 UTC), `date`,
    `list`, `object`, `mixed` or, of a column without any value, `null`. `total_rows` counts also the rows left out.
    `error` says why the query could not be run, and `skipped` what it needs that the warehouse does not have.
    """

    name: str
    source_file: str
    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: Sequence[Sequence[Any]]
    total_rows: int
    error: str | None = None
    skipped: str = ""
    duration_sec: float = 0.0

    @property
    def truncated(self) -> bool:
        """Return whether rows were left out."""
        return self.total_rows > len(self.rows)

    def first(self, rows: int) -> Table:
        """Return the table with no more than that many rows."""
        return replace(self, rows=self.rows[:rows])

    def described(self) -> list[dict[str, str]]:
        """Return the columns with their types as plain JSON data."""
        return [{"name": name, "type": kind} for name, kind in zip(self.columns, self.types, strict=True)]


def as_json(table: Table) -> bytes:
    """Return a JSON document in UTF-8: the columns with their types, and the rows as lists in the order of these."""
    return to_json(
        {
            "name": table.name,
            "source_file": table.source_file,
            "columns": table.described(),
            "total_rows": table.total_rows,
            "truncated": table.truncated,
            "rows": [list(row) for row in table.rows],
        }
    )


def as_csv(table: Table) -> bytes:
    """Return CSV as spreadsheets read it: RFC 4180 in UTF-8 with a byte order mark, the names of the columns first.

    A null is an empty cell; a list or an object is JSON text. A text that a spreadsheet would take for a formula is
    written with an apostrophe before it.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([_no_formula(name) for name in table.columns])
    for row in table.rows:
        writer.writerow([_cell(item, kind) for item, kind in zip(row, table.types, strict=True)])
    return writable(out.getvalue()).encode("utf-8-sig")


def as_markdown(table: Table) -> bytes:
    """Return a heading and a table in Markdown, in UTF-8; below it how many rows were left out."""
    lines = [f"## {markdown_cell(table.name)}", ""]
    if table.rows:
        lines += [_markdown_row([markdown_cell(name) for name in table.columns]), "|" + " --- |" * len(table.columns)]
        lines += [_markdown_row(["" if item is None else markdown_cell(item) for item in row]) for row in table.rows]
    else:
        lines.append("No rows.")
    if table.truncated:
        lines += ["", f"The first {len(table.rows):,} of {table.total_rows:,} rows."]
    return writable("\n".join(lines) + "\n").encode("utf-8")


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(item: Any, kind: str) -> str:
    if item is None:
        return ""
    text = value(item)
    return _no_formula(text) if isinstance(item, str) and kind not in _SAFE_TYPES else text


def _no_formula(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
