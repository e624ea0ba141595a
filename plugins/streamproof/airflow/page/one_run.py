"""What the page of one run shows beside its summary: stages, other pages of its folder, the run before it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from streamproof.airflow.page.access import Reader
from streamproof.airflow.page.documents import read_object
from streamproof.airflow.page.files import file_of_run, is_log
from streamproof.airflow.page.runs import ShownRun, read_runs
from streamproof.environment import Environment
from streamproof.history.previous import previous_run
from streamproof.report.formatting import whole

# In this order, with these names.
_KNOWN = {
    "report.html": "Report",
    "report.md": "Report as text",
    "summary.json": "Summary",
    "junit.xml": "JUnit",
    "harness.log": "Log",
}
_MOST_PAGES, _MOST_FAILURES = 200, 50
_STAGE = re.compile(r"\w+")


def in_brief(run: ShownRun) -> dict[str, Any]:
    """Return what the page shows of a run's summary, whatever version wrote it: texts, and the first failed checks."""
    summary = (read_object(run.folder / "summary.json")[0] if run.folder else None) or {}
    failures = summary.get("failures")
    failures = [check for check in failures if isinstance(check, dict)] if isinstance(failures, list) else []
    return {
        "hint": str(summary.get("hint") or ""),
        "git_commit": str(summary.get("git_commit") or ""),
        "rerun": str(summary.get("rerun") or ""),
        "failures": [_failure(check) for check in failures[:_MOST_FAILURES]],
        "more_failures": max(len(failures) - _MOST_FAILURES, 0),
    }


def _failure(check: Mapping[str, Any]) -> dict[str, Any]:
    diagnostics = check.get("diagnostics")
    return {
        "name": f"{check.get('suite', '')}.{check.get('name', '')}",
        "failed_rows": whole(check.get("failed_rows")),
        "diagnostics": diagnostics if isinstance(diagnostics, dict) else {},
    }


def stages_of(run: ShownRun) -> list[dict[str, object]]:
    """Return the stages that have ended, in the order of the plan: name, status, seconds, error."""
    if run.folder is None:
        return []
    plan, _ = read_object(run.folder / "plan.json")
    planned = (plan or {}).get("stages")
    stages = planned if isinstance(planned, list) else []
    names = [str(stage.get("name")) for stage in stages if isinstance(stage, dict)]
    found = []
    for name in filter(_STAGE.fullmatch, names):
        result, _ = read_object(run.folder / "stages" / f"{name}.json")
        if result is not None:
            seconds, error = result.get("duration_sec"), result.get("error")
            found.append({"name": name, "status": str(result.get("status")), "seconds": seconds, "error": error or ""})
    return found


def pages_of(run: ShownRun, *, logs: bool) -> dict[str, list[tuple[str, str]]]:
    """Return the files to open, as (path, name): the well-known ones, and the further pages of the folder.

    `logs`: the user may read logs.
    """
    if run.folder is None:
        return {"known": [], "further": []}
    shown = [path for path in _KNOWN if logs or not is_log(path)]
    known = [(path, _KNOWN[path]) for path in shown if file_of_run(run.folder, path)]
    further = [path for path in _html_below(run.folder) if path not in _KNOWN and (logs or not is_log(path))]
    return {"known": known, "further": [(path, path) for path in further[:_MOST_PAGES]]}


def _html_below(folder: Path) -> list[str]:
    """Return the paths of all pages in a run's folder that are served."""
    found = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*.html"))]
    # A name that is no UTF-8 has no address.
    return [path for path in found if path.isprintable() and file_of_run(folder, path)]


def previous_of(settings: Environment, reader: Reader, run: ShownRun) -> str:
    """Return the id of the last comparable run before this one that the user may read, '' for none."""
    before = previous_run(read_runs(settings, reader.may_read).entries, run.run_id)
    return before.run_id if before else ""
