"""Write the rows of queries as files for programs and spreadsheets, with an index of what there is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streamproof.model.files import new_folder, write_json
from streamproof.model.window import Window
from streamproof.report.machine.tables import Table, as_csv, as_json, as_markdown

INDEX = "index.json"
# A trace query of millions of rows would fill the disk, and no spreadsheet takes them.
MOST_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Format:
    """A form of file: its name, the ending of its files, and what makes the content of a table."""

    name: str
    suffix: str
    render: Callable[[Table], bytes]


FORMATS: Mapping[str, Format] = {
    "json": Format("json", "json", as_json),
    "csv": Format("csv", "csv", as_csv),
    "markdown": Format("markdown", "md", as_markdown),
}


def write_query_files(
    tables: Sequence[Table],
    folder: Path,
    formats: Sequence[Format],
    window: Window | None,
    *,
    replace: bool = False,
    most_rows: int = MOST_ROWS,
) -> dict[str, Any]:
    """Write a new folder: a file for each query and format, and `index.json`; return the index.

    The index has the window (null for queries without one) and every query: its status, its numbers of rows, whether
    rows were left out, its columns with their types, and its files by format. A query that was skipped or could not be
    run has no file, and says why. Raises UsageError when the folder exists and is not to be replaced, or cannot be
    written.
    """
    names = _file_names([table.name for table in tables])
    index: dict[str, Any] = {"from_ts": None, "to_ts": None, **(window.as_json() if window else {})}
    with new_folder(folder, replace=replace) as made:
        index["queries"] = [
            _write(table.first(most_rows), made, name, formats) for table, name in zip(tables, names, strict=True)
        ]
        write_json(made / INDEX, index)
    return index


def _write(table: Table, folder: Path, name: str, formats: Sequence[Format]) -> dict[str, Any]:
    answered = not (table.error or table.skipped)
    files = {form.name: f"{name}.{form.suffix}" for form in formats} if answered else {}
    for form in formats if answered else ():
        (folder / files[form.name]).write_bytes(form.render(table))
    return {
        "name": table.name,
        "source_file": table.source_file,
        "status": "error" if table.error else "skipped" if table.skipped else "answered",
        "error": table.error,
        "needs": table.skipped or None,
        "rows": table.total_rows,
        "rows_written": len(table.rows),
        "truncated": table.truncated,
        "columns": table.described(),
        "duration_sec": round(table.duration_sec, 6),
        "files": files,
    }


def _file_names(names: Sequence[str]) -> list[str]:
    """Return a name for the files of each query that any file system takes and that no other query has."""
    taken: set[str] = {INDEX.removesuffix(".json")}
    found = []
    for name in names:
        stem = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:80] or "query"
        number, free = 1, stem
        while free.lower() in taken:
            number += 1
            free = f"{stem}-{number}"
        taken.add(free.lower())
        found.append(free)
    return found
