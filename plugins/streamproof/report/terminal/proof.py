"""A proof on a terminal: every check with its mutations, then the totals."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from streamproof.report.formatting import count

_PROVED = "proved"
_LONGEST_NAME = 70


def show_proof(console: Console, document: Mapping[str, Any]) -> None:
    """Print every mutation under its check, with the reason if it proves nothing, and the number of proved checks."""
    previous = None
    for entry in document["mutations"]:
        check = f"{entry['suite']}.{entry['check']}"
        if check != previous:
            console.print(f"[bold]{escape(check)}[/]")
            previous = check
        colour = "green" if entry["outcome"] == _PROVED else "red"
        mark = "✓" if entry["outcome"] == _PROVED else "✕"
        console.print(f"  [{colour}]{mark} {escape(entry['outcome']):<22}[/] {escape(_cut(entry['mutation']))}")
        if entry["reason"]:
            console.print(f"    {escape(entry['reason'])}")
    _show_totals(console, document)


def _show_totals(console: Console, document: Mapping[str, Any]) -> None:
    for name in document.get("informational_checks", ()):
        console.print(f"[bold]{escape(name)}[/]\n  [dim]- diagnostic: it shows something and cannot fail[/]")
    if document["error"]:
        console.print(f"\n[bold yellow]! not proved[/]  {escape(document['error'])}")
    else:
        checks, proved = document["checks"], document["proved"]
        percent = 100 * proved // checks if checks else 0
        colour = "red" if document["survivors"] else "green"
        console.print(
            f"\n[bold {colour}]{proved} of {count(checks, 'check')} proved ({percent} %)[/] by "
            f"{count(document['mutations_applied'], 'mutation')}; {count(document['informational'], 'diagnostic')}"
        )
    for survivor in document["survivors"]:
        console.print(
            f"  [bold red]survivor[/] {escape(survivor['suite'])}.{escape(survivor['check'])}  "
            f"({escape(survivor['source_file'])})"
        )
    console.print(f"  report  {escape(str(Path(document['folder']) / 'report.html'))}")


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_NAME else f"{text[: _LONGEST_NAME - 1]}…"
