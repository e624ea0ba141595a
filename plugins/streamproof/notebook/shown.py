"""What a cell of the notebook shows: headings, text and tables, as HTML for people and as text for tools."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment
from markupsafe import Markup, escape

from streamproof.model.formats.templates import templates_of
from streamproof.report import formatting

# Of a table in compact mode. In debug mode all rows that were read are shown.
COMPACT_ROWS = 10
_LONGEST_CELL = 1_000
# Text up to this length stays on one line.
_SHORT_CELL = 44
_DECIMALS = 4
_CODE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows by column name. `total` counts all rows; `bars` are columns whose numbers are also drawn."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[Mapping[str, Any], ...]
    total: int
    bars: tuple[str, ...] = ()

    @classmethod
    def of(cls, caption: str, rows: Iterable[Mapping[str, Any]], *, total: int = 0, bars: Sequence[str] = ()) -> Table:
        """Return a table of rows that all have the columns of the first one. `total` is for rows that were left out."""
        kept = tuple(rows)
        return cls(caption, tuple(kept[0]) if kept else (), kept, max(total, len(kept)), tuple(bars))

    def cut(self, most: int | None) -> Table:
        """Return the table with its first rows; None for all."""
        return self if most is None else replace(self, rows=self.rows[:most])

    @property
    def note(self) -> str:
        """Return how many rows there are, and how many of them are shown."""
        if len(self.rows) == self.total:
            return formatting.count(self.total, "row")
        return f"the first {len(self.rows):,} of {formatting.count(self.total, 'row')}"

    def share(self, column: str, row: Mapping[str, Any]) -> float | None:
        """Return the length of a cell's bar in percent, None for a cell without one."""
        if column not in self.bars or not _is_number(row.get(column)):
            return None
        greatest = max((float(each[column]) for each in self.rows if _is_number(each.get(column))), default=0.0)
        return round(100 * max(float(row[column]), 0.0) / greatest, 1) if greatest > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a cell's output. `folded` parts are closed until the reader opens them; None: they cannot be closed.

    `tone` is `good`, `bad` or `poor`, '' for none. `group`: of the folded parts of one group, one is open at a time.
    """

    heading: str = ""
    text: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    folded: bool | None = None
    tone: str = ""
    group: str = ""
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """The output of a cell. Jupyter takes its HTML; `str()` is the same as text."""

    parts: tuple[Part, ...]
    styled: bool = field(default=False)

    def _repr_html_(self) -> str:
        style = f"<style>{stylesheet()}</style>" if self.styled else ""
        return style + formatting.writable(_templates().get_template("shown.html.j2").render(parts=self.parts))

    def __repr__(self) -> str:
        return "\n".join(line for part in self.parts for line in _lines(part))


def stylesheet() -> str:
    """Return the CSS of the outputs."""
    return files("streamproof.notebook").joinpath("templates/shown.css").read_text(encoding="utf-8")


def cell_text(item: Any) -> str:
    """Return a value as the text of a table's cell, cut when it is very long."""
    if item is None:
        return "\N{EN DASH}"
    # No thousands are marked: many whole numbers in rows are ids.
    text = formatting.value(round(item, _DECIMALS) if isinstance(item, float) else item)
    return text if len(text) <= _LONGEST_CELL else f"{text[:_LONGEST_CELL]}\N{HORIZONTAL ELLIPSIS}"


def with_code(text: str) -> Markup:
    """Return a text as HTML, with what stands between backticks as code. Everything else is escaped."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped before


def _is_number(item: Any) -> bool:
    return isinstance(item, int | float) and not isinstance(item, bool)


@cache
def _templates() -> Environment:
    made = templates_of("streamproof.notebook", {"cell": cell_text}, escape=True)
    made.filters["with_code"] = with_code
    made.tests["a_number"] = _is_number
    made.tests["short"] = lambda item: len(cell_text(item)) <= _SHORT_CELL
    return made


def _lines(part: Part) -> Iterable[str]:
    if part.heading:
        yield f"## {part.heading}"
    yield from part.text
    for table in part.tables:
        yield f"{table.caption} ({table.note})" if table.caption else table.note
        if table.rows:
            yield " | ".join(table.columns)
        for row in table.rows:
            yield " | ".join(cell_text(row.get(column)) for column in table.columns)
    for inner in part.parts:
        yield from _lines(inner)
