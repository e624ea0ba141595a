"""What fits the width of a terminal: tables without the columns for which there is no room, and bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn
from rich.table import Table
from rich.text import Text

_GAP = 2
# The first columns stay, and are cut when they do not fit either.
_ALWAYS = 2
# The usual width of a bar and the least, the characters that may stand beside it, and the width of a terminal in which
# only the most important of them have room.
_BAR, _SHORTEST_BAR, _BESIDE_A_BAR, _NARROW = 40, 6, 54, 60


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title, its cells from top to bottom, and whether they stand on the right."""

    title: str
    cells: Sequence[Text]
    right: bool = False

    @property
    def width(self) -> int:
        """Return the width in characters."""
        return max(len(self.title), *(cell.cell_len for cell in self.cells), 0)


def fitting_table(columns: Sequence[Column], width: int) -> Table:
    """Return a table without borders of the first columns that fit `width` characters. It needs at least one row."""
    fitting: list[Column] = []
    used = 0
    for column in columns:
        used += column.width + _GAP
        if used - _GAP > width and len(fitting) >= _ALWAYS:
            break
        fitting.append(column)
    table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="bold")
    for column in fitting:
        table.add_column(column.title, no_wrap=True, justify="right" if column.right else "left")
    for cells in zip(*(column.cells for column in fitting), strict=True):
        table.add_row(*cells)
    return table


def is_narrow(console: Console) -> bool:
    """Return whether only the most important numbers have room beside a bar."""
    return console.width < _NARROW


def fitting_bar(console: Console) -> BarColumn:
    """Return the column of a bar that leaves room for the numbers beside it."""
    return BarColumn(min(max(console.width - _BESIDE_A_BAR, _SHORTEST_BAR), _BAR))
