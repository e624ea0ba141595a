"""The difference of two contents on a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from streamproof.report.formatting import count, number, writable

# The longest value in characters, and how many columns that are the same identify a changed row.
_LONGEST = 60
_IDENTIFYING = 4


def show_difference(console: Console, found: Mapping[str, Any]) -> None:
    """Print a comparison (as JSON data): whether it is equal; else the tables that differ, and rows of the first."""
    names = f"{escape(found['a'])} and {escape(found['b'])}"
    if found["equal"]:
        tables, rows = count(found["tables"], "table"), count(found["rows_a"], "row")
        console.print(f"[bold green]✓ equal[/]  {names} hold the same {rows} in {tables}.")
        return
    first = found["differences"][0]
    place = f"layer {escape(first['layer'])}, table {escape(first['table'])}"
    console.print(f"[bold red]✕ different[/]  {names} differ first in {place}.")
    console.print(f"  A is {escape(found['a'])}, B is {escape(found['b'])}", style="dim")
    console.print(Padding(_tables(found), (1, 0, 1, 2), expand=False), soft_wrap=False)
    console.print(f"[bold]{escape(first['layer'])} · {escape(first['table'])}[/]")
    for row in first["changed"]:
        _show_changed(console, row)
    for row in first["unequal"]:
        _show_unequal(console, row)
    shown = 2 * len(first["changed"]) + len(first["unequal"])
    if shown < first["only_in_a"] + first["only_in_b"]:
        console.print("  … more rows differ: see --rows, --table and --json", style="dim")


def _tables(found: Mapping[str, Any]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("layer")
    table.add_column("table")
    for title in ("rows in A", "rows in B", "only in A", "only in B"):
        table.add_column(title, justify="right")
    for entry in found["differences"]:
        counts = (number(entry[key]) for key in ("rows_a", "rows_b", "only_in_a", "only_in_b"))
        table.add_row(Text(entry["layer"]), Text(entry["table"]), *counts)
    return table


def _show_changed(console: Console, changed: Mapping[str, Any]) -> None:
    """Print a row that both sides have: some values that are the same, then those that differ."""
    known = [(name, value) for name, value in changed["same"].items() if value]
    console.print(f"  ~ {_values(known[:_IDENTIFYING])}", markup=False)
    for name, value in changed["a"].items():
        console.print(f"      {name}  A {_text(value)}  B {_text(changed['b'][name])}", markup=False)


def _show_unequal(console: Console, unequal: Mapping[str, Any]) -> None:
    """Print a row that only one side has, or has more often."""
    in_a, in_b = unequal["times_a"], unequal["times_b"]
    where = f"only in {'A' if in_a else 'B'}" if not (in_a and in_b) else f"{in_a} times in A, {in_b} times in B"
    values = [(name, value) for name, value in unequal["row"].items() if value is not None]
    console.print(f"  {'-' if in_a > in_b else '+'} {where}: {_values(values)}", markup=False)


def _values(values: list[tuple[str, str]]) -> str:
    return "  ".join(f"{name}={_text(value)}" for name, value in values) or "a row without values"


def _text(value: str | None) -> str:
    if value is None:
        return "NULL"
    text = writable(value)
    shown = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    return repr(shown) if not shown or shown != " ".join(shown.split()) or shown == "NULL" else shown
