"""The failure that a run which passes puts an end to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streamproof.airflow.alerting.rules import AlertRules
from streamproof.history.entries import CheckEntry, RunEntry
from streamproof.history.previous import failures_before
from streamproof.history.store import read_history
from streamproof.model.results import Status

_BROKEN = frozenset({Status.FAILED.value, Status.ERRORED.value})


@dataclass(frozen=True, slots=True)
class EndedFailure:
    """A failed run before a run that passes, and its failed checks that passed now: `suite.name`.

    `is_last`: no run of the same question is between the two.
    """

    run: RunEntry
    holding: tuple[str, ...]
    is_last: bool


def ended_failure(artifacts: Path, summary: Mapping[str, Any], rules: AlertRules) -> EndedFailure | None:
    """Return the last run since the last that passed which had to be mailed about, None when there is none.

    A later failure that was too small for a mail does not hide it: who was told of a failure is told of its end.
    """
    entries = read_history(artifacts, summary["pack"]).entries
    failures = failures_before(entries, summary["run_id"])
    before = next((run for run in failures if rules.is_alarming(run.verdict, run.checks_failed)), None)
    if before is None:
        return None
    now = next(entry.checks for entry in entries if entry.run_id == summary["run_id"])
    return EndedFailure(before, _holding(before.checks, now), before is failures[0])


def _holding(before: Mapping[str, CheckEntry], now: Mapping[str, CheckEntry]) -> tuple[str, ...]:
    """Return the checks that failed before and passed now. One that did not run, or found nothing, holds nothing."""
    return tuple(
        name
        for name, check in before.items()
        if check.status in _BROKEN and name in now and now[name].status == Status.PASSED.value
    )
