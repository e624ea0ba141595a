"""`streamproof report`: render a run's reports again and say where they are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from streamproof.cli.annotations import Annotations, print_annotations
from streamproof.cli.environment import read_environment
from streamproof.cli.options import Json
from streamproof.cli.output import emit_json


def report(
    run_id: Annotated[str, typer.Argument(help="The run, or `latest`.", metavar="RUN_ID", show_default=False)],
    open_it: Annotated[bool, typer.Option("--open/--no-open", help="Open the report in the browser.")] = False,
    annotations: Annotations = None,
    json: Json = False,
) -> None:
    """Render report.html, report.md and junit.xml of a run again, and print the path of the report."""
    from streamproof.runs.context import RunContext
    from streamproof.stages.publish_summary import render_again

    environment = read_environment()
    folder = find_run(environment.artifacts, run_id)
    summary = render_again(RunContext.open(folder))
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


def find_run(runs: Path, run_id: str) -> Path:
    """Return the folder of a run by id. `latest` is the run planned last. Raises UsageError when there is none."""
    from streamproof.runs.folder import find_run as found_in

    return found_in(runs, run_id)
