"""`streamproof pack list|schema|check`: the packs that can be run here, and everything that is wrong with one."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from streamproof.cli.environment import read_environment
from streamproof.cli.options import Json
from streamproof.cli.output import emit_json, progress_console, result_console
from streamproof.model.errors import EXIT_USAGE, UsageError

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_packs(json: Json = False) -> None:
    """List the packs of this project and of STREAMPROOF_PACKS, with what each has."""
    packs = read_environment().packs
    found: list[dict[str, Any]] = []
    for name in packs.names():
        file = packs.find(name)
        try:
            pack = packs.load(name)
        except UsageError as error:
            found.append({"name": name, "file": str(file), "error": error.message})
        else:
            found.append(
                {
                    "name": name,
                    "file": str(file),
                    "title": pack.title,
                    "default": packs.asked_for(pack.file) is None,
                    "processors": list(pack.processors),
                    "suites": list(pack.suites),
                    "fixture_sets": list(pack.fixture_sets),
                }
            )
    if json:
        emit_json({"packs": found})
        return
    console = result_console(json=json)
    for entry in found:
        mark = " (default)" if entry.get("default") else ""
        console.print(f"{entry['name']}{mark}  {entry.get('title') or 'BROKEN: ' + entry['error']}", markup=False)
        console.print(f"    {entry['file']}", markup=False)


@app.command("schema")
def schema(json: Json = False) -> None:  # noqa: ARG001 - it is JSON in any case
    """Print the JSON schema of pack.yaml, which editors complete and check it with."""
    from streamproof.packs.pack import file_schema

    emit_json(file_schema())


@app.command("check")
def check(
    pack: Annotated[
        str | None, typer.Argument(help="A pack by name, or its folder; default: the default pack.", metavar="NAME|DIR")
    ] = None,
    json: Json = False,
) -> None:
    """Read a whole pack, start nothing, and list everything that is wrong with it: exit 2 when anything is.

    It reads pack.yaml, the schema, every query, mutation and contract, the Python parts and all fixture sets. The
    warehouse's own engine resolves the SQL.
    """
    from streamproof.runs.pack_review import review_pack

    environment = read_environment()
    the_pack = environment.packs.load(pack)
    problems = review_pack(the_pack, environment.home)
    errors = progress_console()
    for problem in problems:
        errors.print(f"Error: {problem.message}", markup=False)
        if problem.hint:
            errors.print(f"Hint: {problem.hint}", markup=False)
    if json:
        listed = [{"error": problem.message, "hint": problem.hint} for problem in problems]
        emit_json({"ok": not problems, "pack": the_pack.name, "file": str(the_pack.file), "problems": listed})
    else:
        verdict = f"{len(problems)} problem{'s' * (len(problems) != 1)}" if problems else "good"
        result_console(json=json).print(f"{the_pack.file}: {verdict}", markup=False)
    if problems:
        raise typer.Exit(EXIT_USAGE)
