"""`streamproof report`: render a run's reports again and say where they are."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streamproof.cli.annotations import Annotations, print_annotations
from streamproof.cli.environment import read_environment
from streamproof.cli.options import Json
from streamproof.cli.output import emit_json
from streamproof.model.errors import UsageError

if TYPE_CHECKING:
    from streamproof.runs.context import RunContext


def report(
    run_id: Annotated[str, typer.Argument(help="The run, or `latest`.", metavar="RUN_ID", show_default=False)],
    open_it: Annotated[bool, typer.Option("--open/--no-open", help="Open the report in the browser.")] = False,
    annotations: Annotations = None,
    entity: Annotated[
        str | None,
        typer.Option("--entity", help="Make the page of this entity instead.", metavar="ID", show_default=False),
    ] = None,
    json: Json = False,
) -> None:
    """Render report.html, report.md and junit.xml of a run again, and print the path of the report.

    With --entity, make the page of one entity (a session, for example) from the content that the run saved.
    """
    from streamproof.runs.context import RunContext
    from streamproof.stages.publish_summary import render_again

    environment = read_environment()
    folder = find_run(environment.artifacts, run_id)
    if entity is not None:
        if annotations:
            raise UsageError("The page of an entity has no annotations.", hint="Leave --entity or --annotations out.")
        _entity_page(RunContext.open(folder), entity, open_it=open_it, json=json)
        return
    ctx = RunContext.open(folder).logging_to(lambda line: typer.echo(line.partition("\n")[0], err=True))
    _refuse_while_it_goes_on(ctx)
    summary = render_again(ctx)
    path = folder / "report.html"
    if json:
        names = {
            "report_html": "report.html",
            "report_md": "report.md",
            "junit": "junit.xml",
            "summary": "summary.json",
        }
        paths = {name: str(folder / file) for name, file in names.items()}
        emit_json({"run_id": summary["run_id"], "verdict": summary["verdict"], **paths})
    else:
        typer.echo(path)
    print_annotations(summary, environment.home, annotations, json=json)
    if open_it:
        typer.launch(path.as_uri())


def _refuse_while_it_goes_on(ctx: RunContext) -> None:
    """Raise UsageError for a run that has not ended: rendering one without a summary gives it a verdict."""
    from streamproof.history.entries import RUNNING
    from streamproof.history.unfinished import state_of
    from streamproof.runtime.process import is_alive
    from streamproof.stages.publish_summary import stage_results

    if ctx.folder.summary.exists():
        return
    now = datetime.now(UTC)
    state, remark = state_of(ctx.folder.root, ctx.plan, stage_results(ctx), is_alive=is_alive, now=now)
    if state == RUNNING:
        raise UsageError(
            f"Run {ctx.plan.run_id} still goes on: {remark}.",
            hint="Wait for its end. `streamproof history` shows whether it has ended.",
        )


def _entity_page(ctx: RunContext, entity: str, *, open_it: bool, json: bool) -> None:
    from streamproof.stages.publishing.entity_pages import write_entity_page

    wanted = entity.strip()
    if not wanted:
        raise UsageError("The id of the entity is blank.", hint="Quote it in a shell: --entity 'ID'.")
    if any("\ud800" <= character <= "\udfff" for character in wanted):
        raise UsageError("The id of the entity is no UTF-8.", hint="An id has the characters that the report shows.")
    path = write_entity_page(ctx, wanted)
    if json:
        emit_json({"run_id": ctx.plan.run_id, "entity": wanted, "page": str(path)})
    else:
        typer.echo(path)
    if open_it:
        typer.launch(path.as_uri())


def find_run(runs: Path, run_id: str) -> Path:
    """Return the folder of a run by id. `latest` is the run planned last. Raises UsageError when there is none."""
    from streamproof.runs.folder import find_run as found_in

    return found_in(runs, run_id)
