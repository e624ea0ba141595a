"""The progress of long work: a bar on a terminal, else a line for each tenth of it, at most every 2 seconds."""

from __future__ import annotations

import time
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from streamproof.report.terminal.fitting import fitting_bar, is_narrow

_SECONDS_BETWEEN_LINES = 2.0


class LongWork:
    """Shows how much of some work is done. `what` names it, `unit` what is counted."""

    def __init__(self, console: Console, what: str, unit: str) -> None:
        self._console, self._what, self._unit = console, what, unit
        self._bar: Progress | None = None
        self._task = TaskID(0)
        self._stack = ExitStack()
        self._next_tenth, self._last_line = 1, float("-inf")

    def __enter__(self) -> Self:
        """Begin to show progress."""
        if self._console.is_interactive:
            what, counted = TextColumn("{task.description}"), MofNCompleteColumn()
            remark = TextColumn("{task.fields[remark]}")
            narrow = (what, fitting_bar(self._console), counted, TimeRemainingColumn())
            wide = (*narrow[:-1], remark, TimeElapsedColumn(), TimeRemainingColumn())
            columns = narrow if is_narrow(self._console) else wide
            bar = Progress(*columns, console=self._console)
            self._bar = self._stack.enter_context(bar)
            self._task = bar.add_task(self._what, total=None, remark="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the last state on the screen."""
        self._stack.__exit__(kind, error, trace)

    def show(self, done: int, total: int, remark: str = "") -> None:
        """Show that `done` of `total` is done, with a remark on it."""
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=total, remark=remark)
            return
        tenth = done * 10 // max(total, 1)
        now = time.monotonic()
        if tenth < self._next_tenth or (done < total and now - self._last_line < _SECONDS_BETWEEN_LINES):
            return
        self._next_tenth, self._last_line = tenth + 1, now
        text = f"{self._what}: {done:,} of {total:,} {self._unit}{f', {remark}' if remark else ''}"
        self._console.print(text, markup=False)
