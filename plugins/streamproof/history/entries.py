"""What the history keeps of a run: its verdict, what it ran on, and the times and numbers of its stages and checks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from streamproof.model.results import CheckResult, StageResult, Verdict

PASSED, FAILED, ERROR = Verdict.PASSED.value, Verdict.FAILED.value, Verdict.ERROR.value
# The run ended before its last check, and no stage says why: it was interrupted or killed.
INTERRUPTED = "interrupted"
# The run has not ended. No file of the history has this verdict.
RUNNING = "running"
# Git describes a commit so when files differ from it, and says this when there is no commit.
_CHANGES, _NO_COMMIT = "+changes", ("", "unknown")


@dataclass(frozen=True, slots=True)
class CheckEntry:
    """A check of a run: status, wall time in seconds, failed rows, and those of its diagnostics that are numbers."""

    status: str
    duration_sec: float
    failed_rows: int
    diagnostics: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class RunEntry:
    """A run in the history.

    `verdict` is `passed`, `failed`, `error`, `interrupted` (killed, or ended before its last check) or `running`.
    Times are ISO-8601 UTC; `duration_sec` and `stages` (by stage name) are wall time in seconds. `checks_total` counts
    the judged checks. The keys of `checks` are `suite.name`. `injected`: the run changed its own data to see itself
    fail. `rerun` is the command that repeats the run. `remark` says why a run has no verdict, '' for one that has.
    `dag_id` is the DAG that made the run, '' for a run of the command line.
    """

    run_id: str
    pack: str
    mode: str
    verdict: str
    git_commit: str
    fixture_sha256: str
    stack: str
    processor: str
    started_at: str
    ended_at: str
    duration_sec: float
    first_broken_layer: str | None
    injected: bool
    checks_total: int
    checks_failed: int
    stages: Mapping[str, float]
    checks: Mapping[str, CheckEntry] = field(repr=False)
    rerun: str = ""
    remark: str = ""
    dag_id: str = ""

    @property
    def has_known_source(self) -> bool:
        """Return whether the run's code is a commit without changes, and its events are a fixture set."""
        known = self.git_commit not in _NO_COMMIT and not self.git_commit.endswith(_CHANGES)
        return known and bool(self.fixture_sha256)

    @property
    def judged(self) -> bool:
        """Return whether the run judged its pipeline: it passed or failed."""
        return self.verdict in (PASSED, FAILED)


def entry_of(summary: Mapping[str, Any], results: Mapping[str, StageResult]) -> RunEntry:
    """Return the entry of a run from the content of its `summary.json` and the results of its stages."""
    return RunEntry(
        run_id=summary["run_id"],
        pack=summary["pack"],
        mode=summary["mode"],
        verdict=_verdict(summary),
        git_commit=summary["git_commit"],
        fixture_sha256=summary["fixture"]["sha256"],
        stack=summary["stack"]["name"],
        processor=summary["stack"]["processor"],
        started_at=summary["started_at"],
        ended_at=summary["ended_at"],
        duration_sec=float(summary["duration_sec"]),
        first_broken_layer=summary["first_broken_layer"],
        injected=bool(summary["injected"]),
        checks_total=summary["checks"]["total"],
        checks_failed=summary["checks"]["failed"],
        stages={stage["stage"]: float(stage["duration_sec"]) for stage in summary["results"]},
        checks=check_entries(results),
        rerun=summary["rerun"],
        remark=summary["error"] or "" if summary["verdict"] == ERROR else "",
        dag_id=(summary.get("dag_run") or {}).get("dag_id", ""),
    )


def check_entries(results: Mapping[str, StageResult]) -> dict[str, CheckEntry]:
    """Return the entries of all checks of a run by `suite.name`."""
    return {f"{check.suite}.{check.name}": _check(check) for result in results.values() for check in result.checks}


def _verdict(summary: Mapping[str, Any]) -> str:
    """Return the verdict, `interrupted` for a run of which stages are missing without an error of another stage."""
    failed = any(stage["error"] for stage in summary["results"])
    return INTERRUPTED if summary["not_run"] and not failed and summary["verdict"] == ERROR else summary["verdict"]


def _check(check: CheckResult) -> CheckEntry:
    numbers = {name: number for name, item in check.diagnostics.items() if (number := _number(item)) is not None}
    return CheckEntry(check.status.value, round(check.duration_sec, 4), check.failed_rows, numbers)


def _number(item: object) -> float | None:
    """Return a diagnostic as a number, None for one that is not a finite number."""
    if isinstance(item, bool) or not isinstance(item, int | float):
        return None
    try:
        number = float(item)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
