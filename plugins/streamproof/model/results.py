"""The result model of checks, stages and runs, which every report renders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
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
    layer that a failure points to (see LAYERS), '' when the check names none.
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

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return {
            "suite": self.suite,
            "name": self.name,
            "status": self.status.value,
            "failed_rows": self.failed_rows,
            "diagnostics": dict(self.diagnostics),
            "error": self.error,
            "duration_sec": round(self.duration_sec, 6),
            "source_file": self.source_file,
            "sessions": list(self.sessions),
            "layer": self.layer,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> CheckResult:
        """Read the data that `as_json` wrote. Unknown keys, which another version wrote, are ignored."""
        values = {name: value for name, value in data.items() if name in cls.__dataclass_fields__}
        return cls(**{**values, "status": Status(values["status"]), "sessions": tuple(values["sessions"])})


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
        return {
            "stage": self.stage,
            "status": self.status.value,
            "started_at": self.started_at,
            "ended_at": self.ended_at,
            "duration_sec": round(self.duration_sec, 6),
            "error": self.error,
            "hint": self.hint,
            "details": dict(self.details),
            "checks": [check.as_json() for check in self.checks],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> StageResult:
        """Read the data that `as_json` wrote."""
        values = dict(data)
        checks = tuple(CheckResult.from_json(check) for check in values["checks"])
        return cls(**{**values, "status": Status(values["status"]), "checks": checks})
