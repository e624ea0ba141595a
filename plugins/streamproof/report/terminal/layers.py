"""The trace of a session or an event through the layers, for a terminal and as a text file."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape

from streamproof.report.formatting import count
from streamproof.report.terminal.row_tables import show_rows

# The width of a text file in columns.
WIDTH_OF_A_FILE = 180


def show_trace(console: Console, title: str, trace: Mapping[str, Any], *, max_rows: int) -> None:
    """Print a trace (as JSON data): first the row counts of all layers, then the rows of each layer."""
    console.print(f"[bold]{escape(title)}[/]  [dim]in {escape(trace['database'])}[/]")
    layers = dict.fromkeys(entry["layer"] for entry in trace["layers"])
    width = max([9, *map(len, layers)])
    for layer in layers:
        parts = [_in_brief(entry) for entry in trace["layers"] if entry["layer"] == layer]
        console.print(f"  {layer:<{width}} {escape(' · '.join(parts))}")
    for entry in trace["layers"]:
        if entry["rows"] or entry["error"]:
            show_query(console, entry, max_rows=max_rows)


def show_query(console: Console, result: Mapping[str, Any], *, max_rows: int) -> None:
    """Print the result of one query (as JSON data) under its name: its rows, or why there are none."""
    console.print(f"\n[bold]{escape(result['name'])}[/]  [dim]{count(len(result['rows']), 'row')}[/]")
    if result["error"]:
        console.print(f"  [red]error[/] {escape(result['error'])}")
    elif result["skipped"]:
        console.print(f"  [dim]skipped: needs {escape(result['skipped'])}[/]")
    elif result["rows"]:
        show_rows(console, result["rows"], max_rows=max_rows)


def trace_text(title: str, trace: Mapping[str, Any], *, remarks: Sequence[str] = (), max_rows: int) -> str:
    """Return the same as plain text, after the `remarks`, one on each line."""
    out = io.StringIO()
    console = Console(file=out, width=WIDTH_OF_A_FILE, color_system=None, highlight=False, soft_wrap=True)
    for remark in remarks:
        console.print(remark, markup=False)
    show_trace(console, title, trace, max_rows=max_rows)
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


def _in_brief(entry: Mapping[str, Any]) -> str:
    name = entry["name"].partition("_")[2] or entry["name"]
    if entry["error"]:
        return f"{name} error"
    return f"{name} skipped" if entry["skipped"] else f"{name} {len(entry['rows']):,}"
