"""The history of runs on a terminal: a table, what is flaky, what has drifted; one check; two runs compared."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from streamproof.history.comparing import Comparison, Pair
from streamproof.history.drift import Drift
from streamproof.history.entries import INTERRUPTED, RUNNING, CheckEntry, RunEntry
from streamproof.history.flaky import FlakyCheck
from streamproof.history.store import History
from streamproof.report.formatting import commit, count, diagnostics, duration, number
from streamproof.report.terminal.fitting import Column, fitting_table

_VERDICTS = {
    "passed": ("✓ passed", "green"),
    "failed": ("✕ failed", "red"),
    "error": ("! error", "yellow"),
    INTERRUPTED: ("- INTERRUPTED", "yellow"),
    RUNNING: ("… running", "cyan"),
}
_STATUSES = {"passed": "green", "failed": "red", "errored": "yellow", "skipped": "dim"}
FLAKY = "FLAKY"
_MOST_NOTES = 10
# A commit of 40 characters with its mark of uncommitted changes fits.
_LONGEST_FACT = 48


def show_runs(
    console: Console,
    shown: Sequence[RunEntry],
    *,
    history: History,
    flaky: Collection[str],
    checks: Mapping[str, FlakyCheck],
    drifts: Mapping[str, Sequence[Drift]],
) -> None:
    """Print the runs in `shown`, newest first, and below them what stands out.

    `flaky` are the ids of flaky runs, `checks` the flaky checks, `drifts` the drifts by run id.
    """
    if not shown:
        console.print("There is no run in the history." if not history.entries else "No run is shown.")
    else:
        _print(console, fitting_table(_columns(shown, flaky), console.width))
    left_out = len(history.entries) - len(shown)
    if left_out > 0:
        _print(console, Text(f"… and {count(left_out, 'earlier run')}: --limit {len(history.entries)}", "dim"))
    for entry in shown:
        if entry.remark and entry.verdict in (INTERRUPTED, RUNNING):
            _print(console, Text(f"{entry.run_id}: {entry.remark}", "dim"))
    _show_flaky(console, list(checks.values()))
    for run_id, found in drifts.items():
        _show_drifts(console, run_id, found)
    show_unreadable(console, history)


def _columns(shown: Sequence[RunEntry], flaky: Collection[str]) -> list[Column]:
    """Return the columns of the table, the most important first."""
    verdicts = [_VERDICTS.get(entry.verdict, (entry.verdict, "")) for entry in shown]
    labels = [FLAKY if entry.run_id in flaky else "" for entry in shown]
    columns = [
        Column("run", [Text(entry.run_id) for entry in shown]),
        Column("verdict", [Text(title, style) for title, style in verdicts]),
        Column("", [Text(label, "bold magenta") for label in labels]),
        Column("took", [Text(duration(entry.duration_sec)) for entry in shown], right=True),
        Column("broken layer", [Text(entry.first_broken_layer or "") for entry in shown]),
        Column("checks", [Text(_counts(entry)) for entry in shown], right=True),
        Column("started (UTC)", [Text(entry.started_at[:19].replace("T", " ")) for entry in shown]),
        Column("pack", [Text(entry.pack) for entry in shown]),
        Column("mode", [Text(entry.mode) for entry in shown]),
        Column("commit", [Text(commit(entry.git_commit), "dim") for entry in shown]),
        Column("", [Text("injected" if entry.injected else "", "yellow") for entry in shown]),
    ]
    return [column for column in columns if any(cell.plain for cell in column.cells)]


def _counts(entry: RunEntry) -> str:
    return f"{entry.checks_failed} of {entry.checks_total} failed" if entry.checks_failed else str(entry.checks_total)


def _show_flaky(console: Console, checks: Sequence[FlakyCheck]) -> None:
    if not checks:
        return
    _print(console, Text("\nFlaky checks: another result on the same commit, fixtures and options", "bold"))
    for check in sorted(checks, key=lambda check: -check.changes)[:_MOST_NOTES]:
        text = f"  {check.name}  {count(check.changes, 'change')} in {count(check.runs, 'run')}"
        _print(console, Text(text))
    _left_out(console, len(checks), "flaky check")


def _show_drifts(console: Console, run_id: str, drifts: Sequence[Drift]) -> None:
    _print(console, Text(f"\nDrift of {run_id} from the median of its earlier runs", "bold"))
    for drift in drifts[:_MOST_NOTES]:
        seconds = drift.kind != "diagnostic"
        before, now = (duration(value) if seconds else _plain(value) for value in (drift.before, drift.now))
        times = f"  ({drift.ratio:.2g} times)" if math.isfinite(drift.ratio) else ""
        _print(console, Text(f"  {drift.kind} {drift.name}  {before} → {now}{times}"))
    _left_out(console, len(drifts), "drift")


def _left_out(console: Console, total: int, noun: str) -> None:
    if total > _MOST_NOTES:
        _print(console, Text(f"  … and {count(total - _MOST_NOTES, f'more {noun}')}; --json has all", "dim"))


def show_unreadable(console: Console, history: History) -> None:
    """Print the files and folders that cannot be read, with the reason."""
    for path, reason in history.unreadable:
        _print(console, Text(f"Not readable: {path}: {reason}", "yellow"))


def show_check(
    console: Console, name: str, runs: Iterable[tuple[RunEntry, CheckEntry]], flaky: FlakyCheck | None
) -> None:
    """Print the results of one check by run, newest first."""
    found = list(runs)
    columns = [
        Column("run", [Text(run.run_id) for run, _ in found]),
        Column("status", [Text(check.status, _STATUSES.get(check.status, "")) for _, check in found]),
        Column("took", [Text(duration(check.duration_sec)) for _, check in found], right=True),
        Column("failed rows", [Text(number(check.failed_rows)) for _, check in found], right=True),
        Column("commit", [Text(commit(run.git_commit), "dim") for run, _ in found]),
        Column("numbers", [Text(_numbers(check)) for _, check in found]),
    ]
    _print(console, Text(name, "bold"))
    _print(console, fitting_table(columns, console.width))
    if flaky:
        text = f"{FLAKY}: {count(flaky.changes, 'change')} in {count(flaky.runs, 'run')} of the same commit, fixtures "
        _print(console, Text(f"{text}and options", "bold magenta"))


def show_comparison(console: Console, a: RunEntry, b: RunEntry, found: Comparison) -> None:
    """Print what differs between two runs."""
    facts = [("run", a.run_id, b.run_id), ("verdict", *found.verdicts)]
    facts += [("took", duration(a.duration_sec), duration(b.duration_sec))]
    names = ("pack", "mode", "stack", "processor", "git_commit", "fixture_sha256", "first_broken_layer")
    facts += [(n, str(getattr(a, n)), str(getattr(b, n))) for n in names if getattr(a, n) != getattr(b, n)]
    _show_pairs(console, "", [Pair(name, one[:_LONGEST_FACT], other[:_LONGEST_FACT]) for name, one, other in facts])
    _show_pairs(console, "Checks with another result", found.checks_that_changed)
    times = [Pair(pair.name, duration(pair.a), duration(pair.b)) for pair in found.stage_times]
    _show_pairs(console, "Stages", times)
    numbers = [Pair(pair.name, _plain(pair.a), _plain(pair.b)) for pair in found.diagnostics_that_changed]
    _show_pairs(console, "Numbers of checks that differ", numbers)
    for run, names_of_it in ((a, found.only_in_a), (b, found.only_in_b)):
        if names_of_it:
            _print(console, Text(f"\nOnly in {run.run_id}: {', '.join(names_of_it)}"))


def _show_pairs(console: Console, title: str, pairs: Sequence[Pair[str]]) -> None:
    if not pairs:
        return
    if title:
        _print(console, Text(f"\n{title}", "bold"))
    table = Table.grid(padding=(0, 2))
    for pair in pairs:
        table.add_row(Text(f"  {pair.name}"), Text(pair.a), Text(pair.b))
    _print(console, table)


def _numbers(check: CheckEntry) -> str:
    return diagnostics({name: _plain(value) for name, value in check.diagnostics.items()})


def _plain(value: float) -> str:
    """Render a number of a check: a whole one without decimals."""
    return number(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:,.6g}"


def _print(console: Console, content: Table | Text) -> None:
    # Text is not wrapped at the width of a file or a pipe, so that a line stays a line.
    console.print(content, soft_wrap=isinstance(content, Text) and not console.is_terminal)
