"""The result model of checks, stages and runs, which every report renders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """The status of a check or a stage.

    `errored`: it could not be judged. `skipped`: it found nothing to judge. Neither counts as passed.
    """

    PASSED = "passed"
    FAILED = "failed"
    ERRORED = "errored"
    SKIPPED = "skipped"


class Verdict(StrEnum):
    """The result of a whole run."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"


# The layers of a warehouse in the order in which data flows through them.
LAYERS = ("raw", "typed", "dimensions", "silver", "sessions", "rollups", "views")


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one assertion, contract or conservation rule.

    `sessions` are the session ids in the diagnostics; `duration_sec` is wall time in seconds. `layer` is the warehouse
    layer that a failure points to (see LAYERS), '' when the check names none. `rung` is the rung that it belongs to, ''
    for that of its stage. `meaning` tells what goes wrong in the real world when the check fails, '' when its author
    has not said. `line` is its line in `source_file`, from 1; 0 when it is not known.
    """

    suite: str
    name: str
    status: Status
    failed_rows: int = 0
    diagnostics: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None
    duration_sec: float = 0.0
    source_file: str = ""
    sessions: tuple[str, ...] = ()
    layer: str = ""
    rung: str = ""
    meaning: str = ""
    line: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return {**asdict(self), "duration_sec": round(self.duration_sec, 6)}


def worst(statuses: Iterable[Status]) -> Status:
    """Return the worst status, in the order failed, errored, passed, skipped; `skipped` when there is none."""
    seen = set(statuses)
    for status in (Status.FAILED, Status.ERRORED, Status.PASSED):
        if status in seen:
            return status
    return Status.SKIPPED


@dataclass(frozen=True, slots=True)
class StageResult:
    """The result of one stage of a run. Times are ISO-8601 UTC; `duration_sec` is wall time in seconds.

    `details` holds the data for later stages and the report (plain JSON data).
    """

    stage: str
    status: Status
    started_at: str
    ended_at: str
    duration_sec: float
    error: str | None = None
    hint: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    checks: tuple[CheckResult, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        checks = [check.as_json() for check in self.checks]
        return {**asdict(self), "duration_sec": round(self.duration_sec, 6), "checks": checks}
