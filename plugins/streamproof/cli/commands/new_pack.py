"""`streamproof pack new`: make a pack from a file of events."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streamproof.cli.environment import read_environment
from streamproof.cli.options import Json
from streamproof.cli.output import emit_json, progress_console, result_console

if TYPE_CHECKING:
    from streamproof.scaffold.new_pack import NewPack


def new(
    name: Annotated[str, typer.Argument(help="Name of the new pack.", metavar="NAME", show_default=False)],
    events: Annotated[
        Path, typer.Option("--events", help="File of events: JSON Lines, array, kcat -J, CSV, Parquet.", metavar="FILE")
    ],
    type_field: Annotated[
        str | None,
        typer.Option("--type-field", help="Field with an event's type, as a.b; `none`: one kind.", metavar="PATH"),
    ] = None,
    processor: Annotated[
        str, typer.Option("--processor", help="warehouse: materialized views; command: your own program.")
    ] = "warehouse",
    json: Json = False,
) -> None:
    """Make a pack that runs from a file of events: schema, fixture set, checks with their mutations, contracts."""
    from streamproof.fixtures.importing.reading import read_events
    from streamproof.scaffold.new_pack import NewPackRequest, make_new_pack

    request = NewPackRequest(name, events.name, type_field=type_field, processor=processor)
    made = make_new_pack(request, read_events(events), read_environment().packs)
    if json:
        emit_json(made.as_json())
    _show(made, json=json)


def _show(made: NewPack, *, json: bool) -> None:
    from streamproof.report.formatting import count

    notices = progress_console()
    for problem, number in made.problems.items():
        notices.print(f"Notice: {count(number, 'record')} {problem}: expected in the rejects.", markup=False)
    if made.other_types:
        notices.print("Notice: there are more types than tables; the rest share one.", markup=False)
    console = result_console(json=json)
    for table in made.made.tables:
        console.print(f"{table.events:>10,}  {table.name}: {count(len(table.columns), 'column')}", markup=False)
    console.print(
        f"{made.folder}: {count(made.events, 'event')}. Next: streamproof run --pack {made.name}", markup=False
    )
