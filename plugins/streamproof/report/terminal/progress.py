"""The progress of a run's stages: a live table on a terminal, else one line for each stage that ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from types import TracebackType

from rich.console import Console, ConsoleOptions, RenderableType
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
_GAP = 2
_NAME_WIDTH, _STATE_WIDTH, _TIME_WIDTH, _SHORTEST_WORK = 18, 7, 11, 20


class ProgressTable:
    """Shows the running stages with their time and what they wait for, and the results of the others.

    The table is live on an interactive terminal. Elsewhere (a pipe, a file, CI, TERM=dumb) a line is printed when a
    stage ends. Any thread may report events.
    """

    def __init__(self, console: Console, stages: tuple[str, ...]) -> None:
        self._console = console
        self._lock = threading.Lock()
        self._started: dict[str, float] = {}
        self._work: dict[str, str] = {}
        self._results: dict[str, StageResult] = {}
        self._order = list(stages)
        self._spinner = Spinner("dots", style="cyan")
        self._live = ExitStack()
        self._goes_on = True

    def __enter__(self) -> ProgressTable:
        if self._console.is_interactive:
            self._live.enter_context(Live(self, console=self._console, refresh_per_second=8, transient=False))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # What stays on the screen is the whole table.
        self._goes_on = False
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
            if not self._console.is_interactive and result is not None:
                mark, _ = _MARKS[result.status]
                remark = _remark(result)
                self._console.print(
                    f"{mark} {stage:<18} {duration(result.duration_sec):>8}  {escape(remark)}".rstrip(), style=None
                )

    def on_work(self, stage: str, text: str) -> None:
        """Record what a running stage waits for, or is at; '' for nothing in particular."""
        with self._lock:
            self._work[stage] = " ".join(text.split())

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        """Yield the present table, a line a stage. While the run goes on it is not higher than the terminal."""
        with self._lock:
            stages = self._shown(console.size.height - 1)
            rows = [self._row(stage) for stage in stages]
            # Of all stages, so that the columns stay where they are.
            name_width = max(_NAME_WIDTH, *map(len, self._order))
        widths = _widths(options.max_width, name_width)
        table = Table.grid(padding=(0, _GAP, 0, 0))
        for place, width in widths.items():
            table.add_column(width=width, no_wrap=True, overflow="ellipsis", justify="right" if place == 3 else "left")
        for row in rows:
            table.add_row(*(row[place] for place in widths))
        yield table

    def _shown(self, height: int) -> list[str]:
        """Return the stages for which there is room: all of them, or the running ones with those around them."""
        if not self._goes_on or len(self._order) <= height:
            return self._order
        latest = max((place for place, stage in enumerate(self._order) if stage in self._started), default=0)
        # One line more for the stage that comes next.
        first = min(max(latest + 2 - height, 0), len(self._order) - height)
        return self._order[first : first + max(height, 1)]

    def _row(self, stage: str) -> tuple[RenderableType, RenderableType, RenderableType, RenderableType, RenderableType]:
        result = self._results.get(stage)
        if result is not None:
            mark, style = _MARKS[result.status]
            state, elapsed = Text(result.status.value, style), Text(duration(result.duration_sec))
            return Text(mark, style), Text(stage), state, elapsed, Text(_remark(result), "dim")
        if stage in self._started:
            elapsed, work = Text(f"{time.monotonic() - self._started[stage]:.1f} s"), self._work.get(stage, "")
            if not self._goes_on:
                return Text("!", "yellow"), Text(stage), Text("stopped", "yellow"), elapsed, Text(work, "dim")
            return self._spinner, Text(stage, "bold"), Text("running", "cyan"), elapsed, Text(work, "cyan")
        return Text("·", "dim"), Text(stage, "dim"), Text("to come", "dim"), Text(""), Text("")


def _widths(available: int, name: int) -> dict[int, int]:
    """Return the widths of the cells of a row that are shown, by their place.

    A narrow terminal shows the state by its mark only, and an even narrower one no remark. The time always stays.
    """
    mark, time_width = 1, _TIME_WIDTH if available >= 60 else 8
    name = max(min(name, available - mark - time_width - 2 * _GAP), 1)
    left = available - mark - name - time_width - 2 * _GAP
    widths = {0: mark, 1: name}
    if left >= _STATE_WIDTH + _SHORTEST_WORK + 2 * _GAP:
        widths[2] = _STATE_WIDTH
        left -= _STATE_WIDTH + _GAP
    widths[3] = time_width
    if left > _GAP:
        widths[4] = left - _GAP
    return widths


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
