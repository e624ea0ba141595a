"""`streamproof fixtures`: make fixture sets, and check that one can be replayed."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streamproof.cli.commands.curation import generating
from streamproof.cli.commands.curation import load as load_command
from streamproof.cli.commands.curation import redact as redact_command
from streamproof.cli.commands.curation import select as select_command
from streamproof.cli.environment import read_environment
from streamproof.cli.options import Json, Pack
from streamproof.cli.output import emit_json, progress_console, result_console
from streamproof.model.errors import EXIT_USAGE

if TYPE_CHECKING:
    from streamproof.model.fixture import FixtureReport

app = typer.Typer(help="Generate, export, import, redact and verify fixture sets.")

app.command("generate")(generating.generate)
app.command("redact")(redact_command.redact)
app.command("select")(select_command.select)
app.command("load")(load_command.load)


@app.command("verify")
def verify(
    manifest: Annotated[
        str | None, typer.Argument(help="Fixture set of the pack, or path of a manifest.", metavar="SET|PATH")
    ] = None,
    pack: Pack = None,
    tolerate_bad_lines: Annotated[
        bool, typer.Option("--tolerate-bad-lines", help="Count and name malformed lines instead of failing.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Missing families, missing context and lines out of order are errors.")
    ] = False,
    json: Json = False,
) -> None:
    """Read a whole fixture set and list everything that is wrong with it: exit 2 when anything is."""
    from datetime import UTC, datetime

    from streamproof.curation.verifying import verify_set

    environment = read_environment()
    the_pack = environment.packs.load(pack)
    report = verify_set(
        the_pack,
        the_pack.manifest(manifest),
        now=datetime.now(UTC),
        tolerate_bad_lines=tolerate_bad_lines,
        strict=strict,
    )
    _show(report, tolerated=tolerate_bad_lines, json=json)
    if report.problems:
        raise typer.Exit(EXIT_USAGE)


@app.command("import")
def import_(
    files: Annotated[
        list[Path], typer.Argument(help="Files of events: JSON Lines, array, kcat -J, CSV, Parquet.", metavar="FILE...")
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder for the new set; it must not exist.", metavar="DIR")],
    scenario: Annotated[
        str | None, typer.Option("--scenario", help="What the events show, where a pack has scenarios.", metavar="NAME")
    ] = None,
    pack: Pack = None,
    json: Json = False,
) -> None:
    """Make a fixture set from files of events: each is published byte for byte, with its key, headers and time."""
    from streamproof.scaffold.fixture_import import import_set
    from streamproof.scaffold.importing import problem_notice

    the_pack = read_environment().packs.load(pack)
    found = import_set(the_pack, files, out, scenario=scenario)
    for problem, number in found.problems.items():
        progress_console().print(f"Notice: {problem_notice(problem, number)}", markup=False)
    if json:
        emit_json({"manifest": str(found.manifest), "rejects": dict(found.problems), **found.report.as_json()})
        return
    _show(found.report, tolerated=False, json=json)
    command = ["streamproof", "run", *(("--pack", pack) if pack else ()), "--manifest", str(found.manifest)]
    result_console(json=json).print(f"Next: {shlex.join(command)}", markup=False)


def _show(report: FixtureReport, *, tolerated: bool, json: bool) -> None:
    from streamproof.fixtures.verify import hint_for
    from streamproof.report.formatting import count

    problems = progress_console()
    for problem in report.problems:
        problems.print(f"Error: {problem}", markup=False)
    if report.problems:
        problems.print(f"Hint: {hint_for(report, tolerate_bad_lines=tolerated)}", markup=False)
    if json:
        emit_json({"ok": not report.problems, **report.as_json()})
        return
    for notice in report.notices:
        problems.print(f"Notice: {notice}", markup=False)
    console = result_console(json=json)
    for family, number in report.by_type.items():
        console.print(f"{number:>10,}  {family or '(no type)'}", markup=False)
    verdict = f"not usable: {count(len(report.problems), 'problem')}" if report.problems else "good"
    # A record without a family may be no event.
    records = count(report.events, "record" if "" in report.by_type else "event")
    console.print(f"{report.manifest}: {count(report.sessions, 'session')}, {records}, {verdict}", markup=False)
