"""Open a run for its notebook. What cannot be shown is refused here, with one message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streamproof.environment import Environment, PostgresVariables, Services
from streamproof.model.errors import StackError, UsageError
from streamproof.model.formats.json_data import from_json
from streamproof.model.results import StageResult
from streamproof.model.settings import Connections
from streamproof.notebook.rows import LiveRows, Rows, SavedRows
from streamproof.notebook.saved_entities import facts_by_id
from streamproof.runs.context import RunContext
from streamproof.runs.folder import BrokenFileError, find_run, read_object, read_objects
from streamproof.runtime.stack import stack_is_alive
from streamproof.stages.judging.oracle import ARTIFACT
from streamproof.stages.publish_summary import stage_results
from streamproof.stages.publishing.notebook_sections import FILE

# The kind of warehouse that PG* name. CH_* name the other one.
_POSTGRES = "postgres"


@dataclass(frozen=True, slots=True)
class _Entry:
    """What the notebook needs of the rows of one query in the saved document."""

    name: str
    columns: list[str]
    rows: list[dict[str, Any]]
    total_rows: int
    error: str | None
    skipped: str
    guidance: str


@dataclass(frozen=True, slots=True)
class _Section(_Entry):
    """The same of a section's query."""

    title: str
    bars: list[str]


@dataclass(frozen=True, slots=True)
class _Saved:
    """The document of stage `publish_summary`, by which a file of another version, or a damaged one, is refused."""

    sections: list[_Section]
    scenarios: list[_Entry]
    reason: str


@dataclass(frozen=True, slots=True)
class OpenedRun:
    """A run that has ended: its summary, the results of its stages, the facts of its entities, and its rows."""

    ctx: RunContext
    summary: Mapping[str, Any]
    results: Mapping[str, StageResult]
    entities: Sequence[Mapping[str, Any]]
    rows: Rows

    @property
    def facts_by_id(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the facts of the run's entities by id; empty for a pack without entities."""
        return facts_by_id(self.ctx.pack.entities, self.entities)


def open_run(environment: Environment, run_id: str, *, live: bool = False, entity: str = "") -> OpenedRun:
    """Open the run `run_id`, or the one planned last for `latest`.

    `live` reads the warehouse: that of the run's own stack if it is still up, else the one of CH_* or PG*. `entity` is
    one that the notebook must show. Raises UsageError for an unknown run or entity; StackError for a run that did not
    end, saved nothing, or whose warehouse is not up.
    """
    folder = find_run(environment.artifacts, run_id)
    ctx = RunContext.open(folder)
    if not ctx.folder.summary.exists():
        raise StackError(
            f"Run {ctx.plan.run_id} has no summary: it was interrupted, or it has not ended.",
            hint=f"Wait for its end; `streamproof report {ctx.plan.run_id}` makes a summary of what there is.",
        )
    try:
        opened = _opened(ctx, LiveRows(_connected(ctx, environment)) if live else _saved(ctx))
    except OSError as problem:
        raise BrokenFileError(Path(problem.filename or folder), problem.strerror) from None
    _require_entity(opened, entity)
    return opened


def _opened(ctx: RunContext, rows: Rows) -> OpenedRun:
    facts = ctx.folder.root / ARTIFACT
    return OpenedRun(
        ctx,
        read_object(ctx.folder.summary, "run_id", "verdict", "failures"),
        stage_results(ctx),
        read_objects(facts) if facts.exists() else (),
        rows,
    )


def _saved(ctx: RunContext) -> SavedRows:
    path, run_id = ctx.folder.root / FILE, ctx.plan.run_id
    if not path.exists():
        why = "it observed a warehouse" if ctx.plan.observes else "it was made by an older version, or interrupted"
        raise StackError(
            f"Run {run_id} has saved no rows for the notebook: {why}.",
            hint="`--live` reads a warehouse that is up; a new run saves its rows.",
        )
    document = _document(path)
    if reason := document["reason"]:
        raise StackError(
            f"Run {run_id} has saved no rows for the notebook. {reason}",
            hint=f"Look at its report: `streamproof report {run_id}` prints the path.",
        )
    return SavedRows(ctx, stage_results(ctx), document)


def _document(path: Path) -> dict[str, Any]:
    """Return what the run has saved for the notebook. Raises BrokenFileError, and OSError."""
    document = read_object(path)
    try:
        from_json(_Saved, document)
    except ValueError as problem:
        raise BrokenFileError(path, problem) from None
    return document


def _connected(ctx: RunContext, environment: Environment) -> RunContext:
    """Return the run with the connection to its warehouse. Raises StackError when its stack is not up any more."""
    if ctx.plan.needs_connections:
        return ctx.connected(lambda: _named_warehouse(environment, ctx.pack.warehouse))
    state = ctx.folder.read_stack_state()
    if state is None or state.status != "ready" or not stack_is_alive(state):
        raise StackError(
            f"The stack of run {ctx.plan.run_id} is not up, so its database is gone.",
            hint="Leave out --live to see the rows that the run saved, or run with --keep-stack.",
        )
    return ctx


def _named_warehouse(environment: Environment, kind: str) -> Connections:
    if kind == _POSTGRES:
        found = PostgresVariables.read()
        settings, names, host = found.settings, "PG*", found.host
    else:
        services = Services.read()
        settings, names, host = environment.through_proxy(services.clickhouse), "CH_*", services.host
    if not host:
        raise UsageError(
            f"This run's warehouse is not its own, and {names} name none.",
            hint=f"Set {names} as for `streamproof run --mode observe`.",
        )
    return Connections(warehouse=settings, source=f"the environment ({names})")


def _require_entity(opened: OpenedRun, entity: str) -> None:
    """Raise UsageError for an entity that the run does not have."""
    if not entity:
        return
    pack = opened.ctx.pack
    if pack.entities is None:
        raise UsageError(f"Pack '{pack.name}' has no entities, so there is no '{entity}'.", hint="Leave out --entity.")
    if entity not in opened.facts_by_id:
        from difflib import get_close_matches  # noqa: PLC0415 - only for the message

        near = get_close_matches(entity, list(opened.facts_by_id), n=3, cutoff=0.3)
        raise UsageError(
            f"Run {opened.ctx.plan.run_id} has no {pack.entities.name} '{entity}'.",
            hint=f"The nearest: {', '.join(near)}."
            if near
            else f"It has {len(opened.facts_by_id)} {pack.entities.plural}.",
        )
