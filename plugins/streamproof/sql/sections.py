"""Read the sections that a pack adds to the notebook: one query a file, with a title and guidance in its comment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from streamproof.model.errors import SqlSourceError
from streamproof.sql.blocks import Block, read_one_query
from streamproof.sql.dialects import CLICKHOUSE, Dialect
from streamproof.sql.reading import shown_path

FOLDER = "notebook"
_TITLE = re.compile(r"^SECTION:[ \t]*(?P<title>\S.*?)[ \t]*$", re.MULTILINE)
_BARS = re.compile(r"^BARS:[ \t]*(?P<columns>.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class NotebookSection:
    """One query of the notebook. Queries with the same `title` stand together, in the order of their files.

    `guidance` says what the rows mean and what to do about them. `bars` are the columns with numbers that are also
    drawn as bars.
    """

    title: str
    guidance: str
    bars: tuple[str, ...]
    query: Block


def read_sections(
    sql_dir: Path, *, home: Path | None = None, dialect: Dialect = CLICKHOUSE
) -> tuple[NotebookSection, ...]:
    """Return the sections in the pack's folder `notebook/`, in the order of their files; empty without such a folder.

    Raises SqlSourceError for a file that does not hold exactly one query, or whose comment has no line
    `-- SECTION: title`.
    """
    files = sorted((sql_dir / FOLDER).glob("*.sql"))
    return tuple(_section(read_one_query(file, shown_as=shown_path(file, home), dialect=dialect)) for file in files)


def _section(query: Block) -> NotebookSection:
    title = _TITLE.search(query.comment)
    if title is None:
        raise SqlSourceError(
            f"{query.source}:{query.line}: the comment of this query has no line `-- SECTION: title`.",
            hint="The notebook shows the query's rows under that title.",
        )
    bars = _BARS.search(query.comment)
    text = _BARS.sub("", _TITLE.sub("", query.comment))
    return NotebookSection(
        title=title["title"],
        guidance=" ".join(text.split()),
        bars=tuple(name.strip() for name in bars["columns"].split(",") if name.strip()) if bars else (),
        query=query,
    )
