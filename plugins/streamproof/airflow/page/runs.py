"""The runs that a user may read: those with a folder, and those that only the history still knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

from streamproof.airflow.pack_dags import dag_id_of
from streamproof.airflow.page.documents import read_object
from streamproof.environment import Environment
from streamproof.history.entries import ERROR, RunEntry
from streamproof.history.store import read_history
from streamproof.model.plan import PROVE

PROVE_DAG = "streamproof_prove"
# What the list shows in place of a verdict.
UNFINISHED, UNREADABLE = "no verdict", "unreadable"


@dataclass(frozen=True, slots=True)
class ShownRun:
    """A run in the list.

    `verdict` is that of the summary, UNFINISHED for a run that has none yet, or UNREADABLE; `remark` then says why.
    `dag_id` is None when nothing can be read that names the DAG. `folder` is None when it was removed. `started_at` is
    ISO-8601 UTC, '' when unknown; `duration_sec` is wall time in seconds.
    """

    run_id: str
    dag_id: str | None
    dag_run_id: str = ""
    pack: str = ""
    mode: str = ""
    verdict: str = UNFINISHED
    remark: str = ""
    started_at: str = ""
    duration_sec: float | None = None
    checks_total: int = 0
    checks_failed: int = 0
    first_broken_layer: str | None = None
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class RunList:
    """The runs that a user may read, newest first, and the history's entries of these runs.

    `problem` says why the folder of runs cannot be read, '' when it can. `missing`: there is no such folder.
    `unreadable` are the files of the history that cannot be read, path and reason, for a user who may read all DAGs:
    such a file does not say whose run it is.
    """

    runs: tuple[ShownRun, ...]
    entries: tuple[RunEntry, ...] = ()
    problem: str = ""
    missing: bool = False
    unreadable: tuple[tuple[str, str], ...] = ()

    @property
    def packs(self) -> list[str]:
        """Return the packs of the runs, by name."""
        return sorted({run.pack for run in self.runs if run.pack})


class DagsOfRuns:
    """The DAG whose readers may read a run that no DAG made: that of its pack, or the one that proves."""

    def __init__(self, settings: Environment) -> None:
        self._of_pack = cache(partial(dag_id_of, settings))

    def of(self, pack: str, mode: str) -> str:
        """Return the id of the DAG. Raises UsageError when no default pack is named."""
        return PROVE_DAG if mode == PROVE else self._of_pack(pack)


def read_runs(settings: Environment, may_read: Callable[[str | None], bool]) -> RunList:
    """Return the runs of the folder of artifacts whose DAG the user may read."""
    missing, problem, dags = False, "", DagsOfRuns(settings)
    runs: dict[str, ShownRun] = {}
    try:
        found = (_run_in(dags, path) for path in settings.artifacts.iterdir())
        runs = {run.run_id: run for run in found if run is not None}
    except FileNotFoundError:
        missing = True
    except OSError as error:
        problem = error.strerror or str(error)
    history = read_history(settings.artifacts)
    for entry in history.entries:
        removed = _removed(dags, entry)
        runs[entry.run_id] = _with_history(runs.get(entry.run_id, removed), removed)
    readable = [run for run in runs.values() if may_read(run.dag_id)]
    readable.sort(key=lambda run: (run.started_at, run.run_id), reverse=True)
    names = {run.run_id for run in readable}
    entries = tuple(entry for entry in history.entries if entry.run_id in names)
    return RunList(tuple(readable), entries, problem, missing, history.unreadable if may_read(None) else ())


def _run_in(dags: DagsOfRuns, path: Path) -> ShownRun | None:
    """Return the run in a folder, None for what is no run. A folder that may not be entered is an unreadable run."""
    try:
        return read_run(dags, path) if _holds_run(path) else None
    except FileNotFoundError:  # removed meanwhile
        return None
    except OSError as error:
        why = f"Its folder cannot be read: {error.strerror or error}"
        return ShownRun(path.name, None, verdict=UNREADABLE, remark=why, folder=path)


def _with_history(run: ShownRun, kept: ShownRun) -> ShownRun:
    """Return a run with what only the history tells: an interruption, and all of a run whose folder cannot be read."""
    if run.verdict == UNREADABLE and run.folder is not None and not is_run_folder(run.folder):
        return replace(kept, verdict=UNREADABLE, remark=run.remark, folder=run.folder)
    return replace(run, verdict=kept.verdict) if run.verdict == ERROR else run


def is_run_folder(path: Path) -> bool:
    """Return whether a path is the folder of a run that can be entered, and no link to another place."""
    try:
        return _holds_run(path)
    except OSError:  # it may not be entered, or no folder may have a name as long
        return False


def _holds_run(path: Path) -> bool:
    """Return whether a path is the folder of a run. Raises OSError when it may not be entered."""
    known = any((path / name).exists() for name in ("plan.json", "summary.json"))
    return known and path.is_dir() and not path.is_symlink()


def read_run(dags: DagsOfRuns, folder: Path) -> ShownRun:
    """Return the run in a folder, from its plan and its summary, as far as these can be read."""
    plan, plan_problem = read_object(folder / "plan.json")
    run = ShownRun(folder.name, None, folder=folder)
    if plan is not None:
        run = _planned(dags, run, plan)
    if not (folder / "summary.json").exists():
        return replace(run, verdict=UNREADABLE, remark=plan_problem) if plan_problem else run
    summary, problem = read_object(folder / "summary.json")
    if summary is None:
        return replace(run, verdict=UNREADABLE, remark=problem)
    try:
        return _judged(dags, run, summary)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        remark = f"summary.json is not of this version: {type(error).__name__}: {error}"
        return replace(run, verdict=UNREADABLE, remark=remark)


def _planned(dags: DagsOfRuns, run: ShownRun, plan: Mapping[str, Any]) -> ShownRun:
    pack, mode = str(plan.get("pack", "")), str(plan.get("mode", ""))
    return replace(
        run,
        dag_id=str(plan.get("dag_id") or dags.of(pack, mode)),
        dag_run_id=str(plan.get("dag_run_id") or ""),
        pack=pack,
        mode=mode,
        started_at=str(plan.get("created_at", "")),
    )


def _judged(dags: DagsOfRuns, run: ShownRun, summary: Mapping[str, Any]) -> ShownRun:
    pack, mode = str(summary["pack"]), str(summary["mode"])
    made_by = summary.get("dag_run") or {}
    return replace(
        run,
        dag_id=run.dag_id or str(made_by.get("dag_id") or dags.of(pack, mode)),
        dag_run_id=run.dag_run_id or str(made_by.get("run_id") or ""),
        pack=pack,
        mode=mode,
        verdict=str(summary["verdict"]),
        remark=str(summary.get("error") or ""),
        started_at=str(summary["started_at"]),
        duration_sec=float(summary["duration_sec"]),
        checks_total=int(summary["checks"]["total"]),
        checks_failed=int(summary["checks"]["failed"]),
        first_broken_layer=str(summary["first_broken_layer"] or "") or None,
    )


def _removed(dags: DagsOfRuns, entry: RunEntry) -> ShownRun:
    """Return a run whose folder was removed."""
    return ShownRun(
        entry.run_id,
        entry.dag_id or dags.of(entry.pack, entry.mode),
        pack=entry.pack,
        mode=entry.mode,
        verdict=entry.verdict,
        started_at=entry.started_at,
        duration_sec=entry.duration_sec,
        checks_total=entry.checks_total,
        checks_failed=entry.checks_failed,
        first_broken_layer=entry.first_broken_layer,
    )
