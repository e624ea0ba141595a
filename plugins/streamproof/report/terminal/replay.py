"""The progress of a replay: a bar with rate and remaining time on a terminal, else a line every few seconds."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from streamproof.report.formatting import duration
from streamproof.report.terminal.fitting import fitting_bar, is_narrow

_EVERY_SEC = 5.0
# A shorter time counts as this one: a few milliseconds would give a rate that no broker has, and no room for it.
_SHORTEST_SEC = 1.0


class ReplayProgress:
    """Shows how many records are acknowledged, how many a second, and how long the rest takes.

    `expected_sec` is the duration of a replay with a pace; without it, the rate so far tells the remaining time.
    """

    def __init__(self, console: Console, total: int, expected_sec: float | None = None) -> None:
        self._console = console
        self._total = total
        self._expected_sec = expected_sec
        self._records = self._here = self._told = 0
        self._started = self._said = time.monotonic()
        self._bar: Progress | None = None

    def __enter__(self) -> ReplayProgress:
        if self._console.is_interactive:
            remaining = TextColumn("{task.fields[left]}") if self._expected_sec is not None else TimeRemainingColumn()
            bar, counted, rate = fitting_bar(self._console), MofNCompleteColumn(), TextColumn("{task.fields[rate]}")
            beside = (rate,) if self._expected_sec is None else ()
            columns = (bar, counted, *(beside if is_narrow(self._console) else (TaskProgressColumn(), rate)), remaining)
            self._bar = Progress(*columns, console=self._console)
            self._bar.add_task("", total=self._total, rate="", left="")
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
        elif self._here and self._records != self._told:
            self._say()

    def before(self, records: int) -> None:
        """Count records that were acknowledged before this process began: they tell nothing about the rate."""
        self._records += records

    def add(self, records: int) -> None:
        """Count records that have just been acknowledged."""
        self._records += records
        self._here += records
        if self._bar is not None:
            (task,) = self._bar.task_ids
            self._bar.update(task, completed=self._records, rate=self._rate(), left=self._left())
        elif time.monotonic() - self._said >= _EVERY_SEC:
            self._say()

    def _say(self) -> None:
        self._said, self._told = time.monotonic(), self._records
        self._console.print(
            f"{self._records:,} of {self._total:,} records acknowledged, {self._rate()}{self._left(', ')}", markup=False
        )

    def _rate(self) -> str:
        return f"{self._here / max(time.monotonic() - self._started, _SHORTEST_SEC):,.0f}/s"

    def _left(self, before: str = "") -> str:
        elapsed, missing = time.monotonic() - self._started, self._total - self._records
        if not missing or (self._expected_sec is None and not self._here):
            return ""
        by_rate = missing * elapsed / max(self._here, 1)
        seconds = by_rate if self._expected_sec is None else max(self._expected_sec - elapsed, 0.0)
        return f"{before}{duration(seconds)} left"


def replay_lines(facts: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines that tell of a replay: its plan, or what became of it."""
    for family, number in facts.get("by_type", {}).items():
        yield f"{number:>10,}  {family or '(no type)'}"
    if facts["dry_run"]:
        yield from _plan_lines(facts)
        return
    before = facts["acknowledged"] - facts["published_now"]
    yield (
        f"{facts['acknowledged']:>10,}  acknowledged by {facts['bootstrap_servers']} in topic {facts['topic']}, "
        f"{facts['rate_per_sec']:,.0f}/s" + (f"; {before:,} of them before the interruption" if before else "")
    )
    error = facts["send_error"]
    if error is not None:
        yield (
            f"            sent within {error['median_ms']:.2f} ms of their time (median), {error['p99_ms']:.2f} ms "
            f"(p99), {error['max_ms']:.2f} ms (max)"
        )


def _plan_lines(facts: Mapping[str, Any]) -> Iterator[str]:
    yield f"{facts['events']:>10,}  events would go to {facts['topic']}, from {facts['files']} files"
    for partition, number in facts["by_partition"].items():
        yield f"{number:>10,}  in partition {partition}"
    takes = "as fast as the brokers take them"
    if facts["expected_sec"] is not None:
        takes = f"{duration(facts['expected_sec'])} at {facts['speed']}"
    yield f"            from {facts['first_event']} to {facts['last_event']}: {takes}"
    for number, what in (
        (facts["left_out_events"], "later events are left out"),
        (facts["shared_events_published_once"], "copies of events that several files share are not repeated"),
        (sum(facts["passed_over"].values()), "rows of other tables are passed over"),
        (len(facts["bad_lines"]), "malformed lines are left out"),
    ):
        if number:
            yield f"{number:>10,}  {what}"
