"""Runs that have a folder and no file in the history: they still go on, were killed, or could not be recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from streamproof.history.entries import INTERRUPTED, RUNNING, RunEntry, check_entries, entry_of
from streamproof.history.store import History, newest_first, read_history
from streamproof.model.formats.json_data import from_json
from streamproof.model.plan import RunPlan
from streamproof.model.results import StageResult, Status
from streamproof.model.stack import ProcessIdentity, StackState
from streamproof.model.window import iso_ms

# In Airflow, a run has no process of its own. Between its tasks nothing of it may run. It has ended without a summary
# when nothing in its folder has changed for longer than its longest task may take (90 minutes), and a while.
LONGEST_SILENCE_SEC = 2 * 3600.0

IsAlive = Callable[[ProcessIdentity], bool]


def read_all_runs(runs: Path, *, is_alive: IsAlive, now: datetime, pack: str | None = None) -> History:
    """Read the history, and add the runs in the folder `runs` that are not in it.

    `is_alive` returns whether a process still runs, `now` is in UTC. A folder that cannot be read is listed in
    `unreadable`; a folder without a plan is no run.
    """
    kept = read_history(runs)
    entries, unreadable = list(kept.entries), list(kept.unreadable)
    known = {entry.run_id for entry in entries}
    folders, problems = _folders(runs)
    unreadable += problems
    for folder in folders:
        if folder.name in known:
            continue
        try:
            entry = _read_folder(folder, is_alive, now)
        except (OSError, ValueError, KeyError, TypeError) as problem:
            unreadable.append((str(folder), str(problem) or type(problem).__name__))
            continue
        # The folder of a run may have been copied.
        if entry.run_id not in known:
            known.add(entry.run_id)
            entries.append(entry)
    return History(newest_first([entry for entry in entries if pack in (None, entry.pack)]), tuple(unreadable))


def _folders(runs: Path) -> tuple[list[Path], list[tuple[str, str]]]:
    """Return the folders of runs, and those that may not be read, with the reason."""
    found, unreadable = [], []
    try:
        below = sorted(runs.iterdir())
    except FileNotFoundError:
        return [], []
    except OSError as problem:
        return [], [(str(runs), problem.strerror or str(problem))]
    for folder in below:
        try:
            if (folder / "plan.json").exists():
                found.append(folder)
        except OSError as problem:
            unreadable.append((str(folder), problem.strerror or str(problem)))
    return found, unreadable


def _read_folder(folder: Path, is_alive: IsAlive, now: datetime) -> RunEntry:
    """Return the entry of a run from its folder. Raises OSError, ValueError, KeyError or TypeError."""
    summary = folder / "summary.json"
    if summary.is_file():
        content = _read(summary)
        stages = [folder / "stages" / f"{stage['stage']}.json" for stage in content["results"]]
        return entry_of(content, {path.stem: from_json(StageResult, _read(path)) for path in stages if path.is_file()})
    plan = from_json(RunPlan, _read(folder / "plan.json"))
    results = _stages_so_far(folder, plan)
    verdict, remark = state_of(folder, plan, results, is_alive=is_alive, now=now)
    last = max((result.ended_at for result in results.values()), default=plan.created_at)
    ended_at = iso_ms(now) if verdict == RUNNING else last
    return _entry(plan, results, verdict=verdict, remark=remark, ended_at=ended_at)


def _read(path: Path) -> Any:
    return orjson.loads(path.read_bytes())


def _stages_so_far(folder: Path, plan: RunPlan) -> dict[str, StageResult]:
    paths = [folder / "stages" / f"{stage.name}.json" for stage in plan.stages]
    return {path.stem: from_json(StageResult, _read(path)) for path in paths if path.is_file()}


def _entry(plan: RunPlan, results: dict[str, StageResult], *, verdict: str, remark: str, ended_at: str) -> RunEntry:
    """Return the entry of a run without a summary, from its plan and the results of the stages that have ended."""
    checks = check_entries(results)
    statuses = [check.status for check in checks.values()]
    return RunEntry(
        run_id=plan.run_id,
        pack=plan.pack,
        mode=plan.mode,
        verdict=verdict,
        git_commit=plan.git_commit,
        fixture_sha256=plan.fixture_sha256,
        stack=plan.stack,
        processor=plan.processor,
        started_at=plan.created_at,
        ended_at=ended_at,
        duration_sec=(datetime.fromisoformat(ended_at) - datetime.fromisoformat(plan.created_at)).total_seconds(),
        first_broken_layer=None,
        injected=plan.inject is not None,
        checks_total=len(statuses) - statuses.count(Status.SKIPPED),
        checks_failed=statuses.count(Status.FAILED),
        stages={name: round(result.duration_sec, 3) for name, result in results.items()},
        checks=checks,
        rerun=plan.rerun,
        remark=remark,
        dag_id=plan.dag_id,
    )


def state_of(
    folder: Path, plan: RunPlan, results: Mapping[str, StageResult], *, is_alive: IsAlive, now: datetime
) -> tuple[str, str]:
    """Return `running` or `interrupted` for a run without a summary, and how one sees that.

    `results` are those of the stages that have ended. `is_alive` returns whether a process still runs, `now` is in UTC.
    """
    stack = _stack(folder)
    done = f"{len(results)} of {len(plan.stages)} stages have ended"
    unpublished = results.get("publish_summary")
    if plan.owner is not None and is_alive(plan.owner):
        return RUNNING, f"{done}; process {plan.owner.pid}"
    if unpublished is not None and unpublished.error:
        return INTERRUPTED, f"its summary was not written: {unpublished.error}"
    if plan.owner is not None:
        return INTERRUPTED, f"{done}; its process {plan.owner.pid} is gone"
    if stack is not None and is_alive(stack.supervisor):
        return RUNNING, f"{done}; its stack is up, process {stack.supervisor.pid}"
    silence = now.timestamp() - max(path.stat().st_mtime for path in (folder, *folder.glob("*"), *folder.glob("s*/*")))
    if silence < LONGEST_SILENCE_SEC:
        return RUNNING, f"{done}; the last change in its folder was {silence / 60:.0f} min ago"
    return INTERRUPTED, f"{done}; nothing has changed in its folder for {silence / 3600:.0f} h"


def _stack(folder: Path) -> StackState | None:
    path = folder / "stack" / "state.json"
    return from_json(StackState, _read(path)) if path.is_file() else None
