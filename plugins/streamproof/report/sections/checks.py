"""The check matrix: every check by suite, with what it means and how it judges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from streamproof.model.results import CheckResult, StageResult, Status, worst

_URGENCY = {Status.FAILED: 0, Status.ERRORED: 1, Status.SKIPPED: 2, Status.PASSED: 3}
# Diagnostics that say nothing about a check that passed.
_EMPTY: tuple[Any, ...] = ("", None, [], {})


@dataclass(frozen=True, slots=True)
class Suite:
    """The checks of one judging stage. `duration_sec` is the wall time of the stage in seconds."""

    name: str
    stage: str
    status: str
    checks: tuple[CheckResult, ...]
    duration_sec: float
    error: str | None
    hint: str | None

    @property
    def passed(self) -> int:
        """Return how many checks passed."""
        return sum(check.status is Status.PASSED for check in self.checks)


def suites(results: Iterable[StageResult]) -> tuple[Suite, ...]:
    """Return the stages that hold checks. Stages and checks are in the order failed, errored, skipped, passed."""
    found = (
        Suite(
            name=result.stage.removeprefix("assert_"),
            stage=result.stage,
            status=(result.status if result.error else worst(check.status for check in result.checks)).value,
            checks=tuple(sorted(result.checks, key=lambda check: _URGENCY[check.status])),
            duration_sec=result.duration_sec,
            error=result.error,
            hint=result.hint,
        )
        for result in results
        if result.checks
    )
    return tuple(sorted(found, key=lambda suite: _URGENCY[Status(suite.status)]))


def shown_diagnostics(values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the diagnostics that are not empty: first the single values, then those that are lists or objects.

    Zero is shown, because it is information.
    """
    told = {name: item for name, item in values.items() if item not in _EMPTY}
    lists = {name: item for name, item in told.items() if isinstance(item, list | tuple | dict)}
    return {name: item for name, item in told.items() if name not in lists}, lists


def in_short(meaning: str) -> str:
    """Return the first sentence of what a check means."""
    end = meaning.find(". ")
    return meaning if end < 0 else meaning[: end + 1]
