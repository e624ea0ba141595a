"""Column coverage on a terminal: a row for each table, the survivors, then the totals."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from streamproof.report.formatting import count

_SHOWN_CHECKS = 3


def by_table(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return one row for each table: its layer, the number of damages by outcome, and the checks that saw the most."""
    rows: dict[str, dict[str, Any]] = {}
    for entry in document["matrix"]:
        empty = {"table": entry["table"], "layer": entry["layer"], "covered": 0, "survived": 0, "no_effect": 0}
        row = rows.setdefault(entry["table"], {**empty, "checks": {}})
        row[entry["outcome"]] += 1
        if entry["outcome"] == "covered":
            for check in entry["checks"]:
                row["checks"][check] = row["checks"].get(check, 0) + 1
    for row in rows.values():
        row["checks"] = sorted(row["checks"], key=row["checks"].get, reverse=True)[:_SHOWN_CHECKS]
    return list(rows.values())


def show_coverage(console: Console, document: Mapping[str, Any]) -> None:
    """Print which damages of each table were seen, the survivors, the exempt columns, and the totals."""
    table = Table("table", "layer", "seen", "survived", "no effect", "seen by", box=None, header_style="bold")
    for row in by_table(document):
        colour = "red" if row["survived"] else "green"
        numbers = (str(row["covered"]), f"[{colour}]{row['survived']}[/]", str(row["no_effect"]))
        table.add_row(escape(row["table"]), row["layer"], *numbers, escape(", ".join(row["checks"])))
    console.print(table)
    for column, reason in document["exempt"].items():
        console.print(f"  [dim]- exempt {escape(column)}: {escape(reason)}[/]")
    for entry in document["survivors"]:
        damaged = f"{entry['table']}.{entry['column']}" if entry["column"] else entry["table"]
        console.print(
            f"  [bold red]survivor[/] {escape(damaged)}  {escape(entry['damage'])}  {escape(entry['reason'])}",
            soft_wrap=True,
        )
    if document["error"]:
        console.print(f"\n[bold yellow]! not covered[/]  {escape(document['error'])}")
    else:
        _show_totals(console, document)
    console.print(f"  report  {escape(str(Path(document['folder']) / 'report.html'))}")


def _show_totals(console: Console, document: Mapping[str, Any]) -> None:
    columns, covered = document["columns"], document["covered"]
    percent = 100 * covered // columns if columns else 0
    colour = "red" if document["survivors"] else "green"
    console.print(
        f"\n[bold {colour}]{covered} of {count(columns, 'column')} covered ({percent} %)[/] by "
        f"{count(document['damages'], 'damage')}; {len(document['exempt'])} exempt"
    )
