"""The verdict of a run on a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from streamproof.report.formatting import count, diagnostics, duration, headline

_TITLES = {"passed": ("green", "✓ passed"), "failed": ("red", "✕ failed"), "error": ("yellow", "! error")}
_MOST_FAILURES = 20
_LONGEST = 400


def show_verdict(console: Console, summary: Mapping[str, Any]) -> None:
    """Print the verdict, the failures with their diagnostics, the error, and the path of the report."""
    colour, title = _TITLES[summary["verdict"]]
    console.print(
        f"\n[bold {colour}]{title}[/]  {escape(headline(summary))}  [dim]{duration(summary['duration_sec'])}[/]"
    )
    for failure in summary["failures"][:_MOST_FAILURES]:
        _show_failure(console, failure)
    left_out = len(summary["failures"]) - _MOST_FAILURES
    if left_out > 0:
        console.print(f"  … and {count(left_out, 'more failed check')}, all in the report")
    if summary["error"]:
        console.print(f"  [bold yellow]![/] {escape(_cut(summary['error']))}")
    if summary["hint"]:
        console.print(f"    Hint: {escape(summary['hint'])}")
    if summary["injected"]:
        console.print(f"  [yellow]injected[/] {escape(summary['injected']['file'])}")
    if (summary.get("replay") or {}).get("send_error"):
        console.print(f"  replay  {escape(_pace(summary['replay']))}")
    if "rungs" in summary:
        console.print(f"  proved  {escape(', '.join(summary['rungs']) or 'nothing')}")
    if missing := ", ".join(summary.get("rungs_missing", ())):
        console.print(f"  [dim]the pack does not offer {escape(missing)}: see the report[/]")
    if summary["verdict"] != "passed":
        console.print(f"  rerun   {escape(summary['rerun'])}")
    console.print(f"  report  {escape(str(Path(summary['folder']) / 'report.html'))}")


def _pace(replay: Mapping[str, Any]) -> str:
    error = replay["send_error"]
    return (
        f"{replay['speed']}: sent within {error['median_ms']:.2f} ms of their time (median), {error['p99_ms']:.2f} ms "
        f"(p99), {error['max_ms']:.2f} ms (max)"
    )


def _show_failure(console: Console, failure: Mapping[str, Any]) -> None:
    layer = f", layer {failure['layer']}" if failure["layer"] else ""
    name = f"{failure['suite']}.{failure['name']}"
    console.print(
        f"  [bold red]✕[/] [bold]{escape(name)}[/]  {count(failure['failed_rows'], 'failed row')}{escape(layer)}"
    )
    if failure["diagnostics"]:
        console.print(f"    {escape(_cut(diagnostics(failure['diagnostics'])))}")
    if failure["sessions"]:
        console.print(f"    named by it: {escape(_cut(', '.join(failure['sessions'])))}")


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
