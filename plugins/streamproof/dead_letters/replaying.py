"""A whole replay of dead letters: plan, send, judge. Each step can be repeated, by the same process or by another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from streamproof.dead_letters import checklist
from streamproof.dead_letters.pipeline import Pipeline, ReplayFolder
from streamproof.dead_letters.planning import plan_replay, preview
from streamproof.dead_letters.request import ReplayRequest
from streamproof.dead_letters.sending import send
from streamproof.model.errors import UsageError
from streamproof.model.files import require_id
from streamproof.runtime.files import file_lock


def replay_folder(root: Path, replay_id: str) -> ReplayFolder:
    """Return the folder of a replay below `root`. Raises UsageError for an id that is no name of a folder."""
    return ReplayFolder(root / require_id(replay_id, "a replay id"))


def preview_replay(pipeline: Pipeline, request: ReplayRequest, folder: ReplayFolder) -> dict[str, Any]:
    """Return the plan that a replay would have. Nothing is sent, and no later replay uses it.

    Raises UsageError for a replay that has begun already, or whose window the topic does not hold; StackError.
    """
    if folder.plan.exists():
        raise UsageError(
            f"Replay {folder.path.name} has begun: its plan is {folder.plan}.", hint="Give another --replay-id."
        )
    with file_lock(folder.lock):
        return preview(pipeline, request, folder.path.name, folder)


def make_plan(pipeline: Pipeline, request: ReplayRequest, folder: ReplayFolder) -> dict[str, Any]:
    """Return the plan of a replay: it is made now, or was made before. Raises UsageError, StackError."""
    with file_lock(folder.lock):
        return plan_replay(pipeline, request, folder.path.name, folder)


def replay(
    pipeline: Pipeline,
    request: ReplayRequest,
    folder: ReplayFolder,
    *,
    planned: Callable[[dict[str, Any]], object] = lambda _plan: None,
    watch: Callable[[int], object] = lambda _number: None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Plan and send, or go on where an earlier process stopped. Return the plan and what was sent.

    `planned` is called with the plan before anything is sent. Raises UsageError, StackError.
    """
    with file_lock(folder.lock):
        plan = plan_replay(pipeline, request, folder.path.name, folder)
        planned(plan)
        return plan, send(pipeline, plan, request, folder, watch=watch)


def judge(
    pipeline: Pipeline,
    plan: dict[str, Any],
    folder: ReplayFolder,
    files: checklist.ChecklistFiles,
    *,
    timeout: float | None = None,
) -> dict[str, Any]:
    """Wait until what was sent has arrived, run the regression checklist, and return its results.

    Raises UsageError without a warehouse, WaitTimeoutError, WarehouseError.
    """
    parameters = checklist.parameters_of(pipeline, plan)
    with checklist.connected(pipeline) as warehouse:
        waited = checklist.wait_for_arrival(warehouse, files.arrived, parameters, timeout=timeout)
        results = checklist.judge(warehouse, files, parameters)
    document = checklist.as_document(results, waited)
    folder.write(folder.checklist, document)
    return document
