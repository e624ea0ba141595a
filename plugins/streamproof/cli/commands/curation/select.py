"""`streamproof fixtures select`: promote a fixture set to a stable manifest."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from streamproof.cli.environment import read_environment
from streamproof.cli.options import Json, Pack, named
from streamproof.cli.output import emit_json, progress_console

Source = Annotated[
    str, typer.Option("--source", help="A set of the pack, a manifest, or a folder of sets.", metavar="DIR|MANIFEST")
]
Output = Annotated[Path, typer.Option("--output", help="The manifest to write or replace.", metavar="MANIFEST")]
Scenarios = Annotated[
    list[str] | None, typer.Option("--scenario", help="Only these scenarios; can be repeated.", metavar="NAME")
]
Padding = Annotated[
    int,
    typer.Option("--manifest-window-padding-minutes", help="Around the sessions.", metavar="N", min=0, max=525_600),
]
EnforceOverlap = Annotated[
    bool,
    typer.Option("--enforce-overlap/--no-enforce-overlap", help="Drop sessions without the context that they need."),
]


def select(
    source: Source,
    output: Output,
    scenario: Scenarios = None,
    padding: Padding = 60,
    enforce_overlap: EnforceOverlap = False,
    pack: Pack = None,
    json: Json = False,
) -> None:
    """Write a stable manifest of a set: each session once, with a window around all its events."""
    from streamproof.curation.selecting import Choice, select_set

    the_pack = read_environment().packs.load(pack)
    path = the_pack.manifest(source) if source in the_pack.fixture_sets else Path(source)
    found = select_set(the_pack, path, output, Choice(named(scenario), padding, enforce_overlap))
    if json:
        emit_json(
            {
                "dropped": list(found.dropped),
                "duplicate_references_dropped": found.repeated,
                **found.report.as_json(),
                "notices": [*found.notices, *found.report.notices],
            }
        )
        return
    for notice in found.notices:
        progress_console().print(f"Notice: {notice}", markup=False)
    if found.repeated:
        progress_console().print(f"{found.repeated} repeated references are left out.", markup=False)
    for session in found.dropped:
        progress_console().print(f"Dropped for want of context: {session['file']}", markup=False)
    typer.echo(found.report.manifest)
