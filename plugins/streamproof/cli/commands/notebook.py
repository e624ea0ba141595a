"""`streamproof notebook`: execute the notebook of a run and save it in the run's folder."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from streamproof.cli.environment import read_environment
from streamproof.cli.options import Json
from streamproof.cli.output import emit_json
from streamproof.model.errors import StackError, UsageError

if TYPE_CHECKING:
    from streamproof.notebook.execution import Executed


def notebook(
    run_id: Annotated[str, typer.Argument(help="The run, or `latest`.", metavar="RUN_ID", show_default=False)],
    live: Annotated[
        bool,
        typer.Option("--live", help="Read the warehouse, which must still be up, not the rows that the run saved."),
    ] = False,
    compact: Annotated[
        bool, typer.Option("--compact", help="Show the first rows of each query, queries folded (the default).")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Open every query and show all rows.")] = False,
    entity: Annotated[
        str, typer.Option("--entity", help="Open this entity (session, for example).", metavar="ID", show_default=False)
    ] = "",
    json: Json = False,
) -> None:
    """Execute the data trace notebook of a run and save notebook.ipynb and notebook.html in the run's folder.

    The first use installs what executes notebooks into the cache (85 MB).
    """
    if compact and debug:
        raise UsageError("--compact and --debug exclude each other.", hint="Give one of them, or none for compact.")
    from streamproof.cli.commands.setup import progress_bar
    from streamproof.notebook.execution import NOTEBOOK, execute
    from streamproof.notebook.opening import open_run
    from streamproof.notebook.packages import notebook_packages

    environment = read_environment()
    run = open_run(environment, run_id, live=live, entity=entity.strip())
    # `latest` may be another run when the cells ask for it.
    parameters = {"RUN_ID": run.ctx.folder.root.name, "LIVE": live, "DEBUG": debug, "ENTITY": entity.strip()}
    with progress_bar() as progress:
        packages = notebook_packages(environment.home, environment.cache_dir, progress)
    done = execute(environment.home / NOTEBOOK, parameters, run.ctx.folder.root, packages, os.environ)
    _require_success(done)
    if json:
        files = {"notebook": str(done.notebook), "page": str(done.page)}
        emit_json({"run_id": run.ctx.plan.run_id, "verdict": run.summary["verdict"], "cells": done.cells, **files})
    else:
        typer.echo(done.page)


def _require_success(done: Executed) -> None:
    """Raise StackError when a cell has failed."""
    if done.failed_cell:
        raise StackError(
            f"The notebook stopped at {done.failed_cell}: {done.error.rstrip('.')}.",
            hint=f"It is saved with the error: {done.page}.",
        )
