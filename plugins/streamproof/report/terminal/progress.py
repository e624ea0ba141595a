"""The progress of a run's stages: a live table on a terminal, else one line for each stage that ends."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from types import TracebackType

from rich.console import Console, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from streamproof.model.results import StageResult, Status
from streamproof.report.formatting import count, duration

_MARKS = {
    Status.PASSED: ("✓", "green"),
    Status.FAILED: ("✕", "red"),
    Status.ERRORED: ("!", "yellow"),
    Status.SKIPPED: ("-", "dim"),
}
_OTHERS = (Status.FAILED, Status.ERRORED, Status.SKIPPED)
_LONGEST_REMARK = 160


class ProgressTable:
    """Shows the running stages with their time, and the results of the others. Any thread may report events."""

    def __init__(self, console: Console, stages: tuple[str, ...]) -> None:
        self._console = console
        self._lock = threading.Lock()
        self._started: dict[str, float] = {}
        self._results: dict[str, StageResult] = {}
        self._order = list(stages)
        self._spinner = Spinner("dots", style="cyan")
        self._live = ExitStack()

    def __enter__(self) -> ProgressTable:
        if self._console.is_terminal:
            self._live.enter_context(Live(self, console=self._console, refresh_per_second=8, transient=False))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.__exit__(kind, error, trace)

    def on_event(self, stage: str, result: StageResult | None) -> None:
        """Record that a stage has started (result None) or ended."""
        with self._lock:
            if stage not in self._order:
                self._order.append(stage)
            if result is None:
                self._started[stage] = time.monotonic()
            else:
                self._results[stage] = result
            if not self._console.is_terminal and result is not None:
                mark, _ = _MARKS[result.status]
                remark = _remark(result)
                self._console.print(
                    f"{mark} {stage:<18} {duration(result.duration_sec):>8}  {escape(remark)}".rstrip(), style=None
                )

    def __rich__(self) -> RenderableType:
        """Return the present table."""
        table = Table.grid(padding=(0, 2))
        table.add_column(width=1)
        table.add_column(min_width=18)
        table.add_column(justify="right", min_width=8)
        table.add_column(overflow="fold")
        with self._lock:
            for stage in self._order:
                table.add_row(*self._row(stage))
        return table

    def _row(self, stage: str) -> tuple[RenderableType, RenderableType, RenderableType, RenderableType]:
        result = self._results.get(stage)
        if result is not None:
            mark, style = _MARKS[result.status]
            return Text(mark, style), Text(stage), Text(duration(result.duration_sec)), Text(_remark(result), "dim")
        if stage in self._started:
            elapsed = time.monotonic() - self._started[stage]
            return self._spinner, Text(stage, "bold"), Text(f"{elapsed:.1f} s"), Text("")
        return Text("·", "dim"), Text(stage, "dim"), Text(""), Text("")


def _remark(result: StageResult) -> str:
    """Return a short remark on a stage: its error, the number of passed checks, or of acknowledged records."""
    if result.error:
        text = " ".join(result.error.split())
    elif result.checks:
        passed = sum(check.status is Status.PASSED for check in result.checks)
        text = f"{passed} of {count(len(result.checks), 'check')} passed"
        others = {status: sum(check.status is status for check in result.checks) for status in _OTHERS}
        text += "".join(f", {number} {status.value}" for status, number in others.items() if number)
    elif "acknowledged" in result.details:
        text = f"{count(int(result.details['acknowledged']), 'record')} acknowledged"
    else:
        text = ""
    return text if len(text) <= _LONGEST_REMARK else f"{text[:_LONGEST_REMARK]}…"
