"""Show the rows of any query on a terminal: varying values in columns, constant values on one line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from streamproof.report.formatting import count, value

if TYPE_CHECKING:
    from rich.console import Console

# The widest cell in characters: for a text, for an id (it is cut in the middle, so both ends stay), and for a value
# that is shown with its name instead of in a column.
WIDEST = 40
WIDEST_ID = 24
WIDEST_ALONE = 72
_GAP = 2
_INDENT = 2
_TIME = re.compile(r"(?P<date>\d{4}-\d\d-\d\d)T(?P<time>\d\d:\d\d:\d\d)(?P<fraction>\.\d+)?Z")
_ID = re.compile(r"[0-9a-fA-F]{8}")
_NOTHING: tuple[Any, ...] = (None, "", [], {})

Row = Mapping[str, Any]


def show_rows(console: Console, rows: Sequence[Row], *, max_rows: int) -> None:
    """Print rows of equal columns (plain JSON data, times as ISO-8601 UTC).

    Columns without a value are left out. A single row is shown as names and values. For several rows, values that are
    the same in all of them are shown on one line below the table, and columns that do not fit are named there. Long
    values are cut.
    """
    width = console.width - _INDENT
    names = [name for name in rows[0] if any(row[name] not in _NOTHING for row in rows)] or list(rows[0])
    if len(rows) == 1:
        _print(console, _facts(rows[0], names, width))
        return
    same = [name for name in names if all(row[name] == rows[0][name] for row in rows)]
    varying = [name for name in names if name not in same] or names[:1]
    day = _only_day(rows, varying)
    shown = [{name: _cell(row[name], day) for name in varying} for row in rows[:max_rows]]
    fitting = _fitting(varying, shown, width)
    table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="bold")
    for name in fitting:
        table.add_column(name, no_wrap=True, justify="right" if _is_numeric(rows, name) else "left")
    for cells in shown:
        table.add_row(*(Text(cells[name]) for name in fitting))
    _print(console, table)
    for line in _remarks(rows, max_rows, day, same, [name for name in varying if name not in fitting]):
        _print(console, Text(line, style="dim"))


def _print(console: Console, content: Any) -> None:
    console.print(Padding(content, (0, 0, 0, _INDENT), expand=False), soft_wrap=False)


def _remarks(rows: Sequence[Row], max_rows: int, day: str, same: Sequence[str], left_out: Sequence[str]) -> list[str]:
    remarks = [f"… the first {max_rows} of {count(len(rows), 'row')}"] if len(rows) > max_rows else []
    if day:
        remarks.append(f"all times on {day}, UTC")
    if same:
        remarks.append("in every row: " + "  ".join(f"{name}={_alone(rows[0][name])}" for name in same))
    if left_out:
        remarks.append(f"not shown: {', '.join(left_out)}")
    return remarks


def _facts(row: Row, names: Sequence[str], width: int) -> Table:
    """Return one row as names and values, in as many columns as fit."""
    cells = [(name, _alone(row[name])) for name in names]
    height, columns = next(found for found in _layouts(cells) if len(found[1]) == 1 or _width(found[1]) <= width)
    table = Table.grid(padding=(0, _GAP, 0, 0))
    for _ in columns:
        table.add_column(no_wrap=True, style="bold")
        table.add_column(no_wrap=True)
    for line in range(height):
        pairs = cells[line::height]
        table.add_row(*(part for name, text in pairs for part in (escape(name), Text(text))))
    return table


def _layouts(cells: Sequence[tuple[str, str]]) -> Iterator[tuple[int, list[Sequence[tuple[str, str]]]]]:
    """Yield (height, columns) of each possible layout of the cells, the widest first."""
    for wanted in (4, 3, 2, 1):
        height = -(-len(cells) // wanted)
        yield height, [cells[start : start + height] for start in range(0, len(cells), height)]


def _width(columns: Sequence[Sequence[tuple[str, str]]]) -> int:
    return sum(
        max(cell_len(part) for part in parts) + _GAP for column in columns for parts in zip(*column, strict=True)
    )


def _fitting(names: Sequence[str], cells: Sequence[Mapping[str, str]], width: int) -> list[str]:
    """Return the first columns that fit into the width, at least one."""
    fitting: list[str] = []
    left = width
    for name in names:
        left -= max([cell_len(name), *(cell_len(row[name]) for row in cells)]) + _GAP
        if left < 0 and fitting:
            break
        fitting.append(name)
    return fitting


def _only_day(rows: Sequence[Row], names: Sequence[str]) -> str:
    """Return the date if all times in the rows have the same one, else ''."""
    texts = (row[name] for row in rows for name in names if isinstance(row[name], str))
    days = {found["date"] for text in texts if (found := _TIME.fullmatch(text))}
    return days.pop() if len(days) == 1 else ""


def _is_numeric(rows: Sequence[Row], name: str) -> bool:
    kinds = {type(row[name]) for row in rows if row[name] is not None}
    return bool(kinds) and kinds <= {int, float}


def _cell(item: Any, day: str) -> str:
    """Return a value for a column: a time without its date if that is `day`, long texts and ids cut."""
    text = _readable(item, day)
    return _cut(text, WIDEST_ID if _ID.search(text) and "://" not in text else WIDEST)


def _alone(item: Any) -> str:
    """Return a value that is shown with its name."""
    return _cut(_readable(item, ""), WIDEST_ALONE)


def _readable(item: Any, day: str) -> str:
    if item is None:
        return "-"
    if isinstance(item, float):
        return f"{item:.6g}"
    text = " ".join(value(item).split())
    found = _TIME.fullmatch(text)
    if found is None:
        return text
    fraction = "" if found["fraction"] in (None, ".000") else found["fraction"]
    return f"{'' if found['date'] == day else found['date'] + ' '}{found['time']}{fraction}"


def _cut(text: str, widest: int) -> str:
    """Return a text cut to `widest` characters: at its end, or in the middle if it is a single word."""
    if len(text) <= widest:
        return text
    if " " in text or text[0] in "{[":
        return f"{text[: widest - 1]}…"
    head = widest * 2 // 3
    return f"{text[:head]}…{text[-(widest - head - 1) :]}"
