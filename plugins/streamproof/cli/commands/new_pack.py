"""`streamproof pack new`: make a pack from a file of events."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streamproof.cli.environment import kafka_settings, read_environment
from streamproof.cli.options import Json
from streamproof.cli.output import emit_json, progress_console, result_console
from streamproof.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamproof.fixtures.importing.records import Record
    from streamproof.scaffold.new_pack import NewPack


def new(
    name: Annotated[str, typer.Argument(help="Name of the new pack.", metavar="NAME", show_default=False)],
    events: Annotated[
        Path | None,
        typer.Option("--events", help="File of events: JSON Lines, array, kcat -J, CSV, Parquet.", metavar="FILE"),
    ] = None,
    from_topic: Annotated[
        str | None, typer.Option("--from-topic", help="Or a topic: what it holds now.", metavar="TOPIC")
    ] = None,
    bootstrap: Annotated[
        str | None, typer.Option("--bootstrap", help="Its brokers; default KAFKA_BOOTSTRAP.", metavar="HOST:PORT")
    ] = None,
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
    from streamproof.scaffold.new_pack import NewPackRequest, make_new_pack, require_request

    if (events is None) == (from_topic is None):
        raise UsageError("A pack is made from one source.", hint="Give --events FILE, or --from-topic TOPIC.")
    source = events.name if events else f"topic {from_topic}"
    request = NewPackRequest(name, source, type_field=type_field, processor=processor)
    packs = read_environment().packs
    require_request(request, packs)
    made = make_new_pack(request, _records(events, from_topic, bootstrap), packs)
    if json:
        emit_json(made.as_json())
    _show(made, json=json)


def _records(events: Path | None, topic: str | None, bootstrap: str | None) -> Iterator[Record]:
    from streamproof.fixtures.importing.reading import read_events
    from streamproof.scaffold.topics import records_of

    if events is not None:
        return read_events(events)
    return records_of(kafka_settings(bootstrap), str(topic))


def _show(made: NewPack, *, json: bool) -> None:
    from streamproof.report.formatting import count, number
    from streamproof.scaffold.importing import problem_notice

    notices = progress_console()
    for problem, records in made.problems.items():
        notices.print(f"Notice: {problem_notice(problem, records)}", markup=False)
    if made.other_types:
        notices.print("Notice: there are more types than tables; the rest share one.", markup=False)
    console = result_console(json=json)
    for table in made.made.tables:
        console.print(f"{table.events:>10,}  {table.name}: {count(len(table.columns), 'column')}", markup=False)
    first = f"put your program at {made.program} (README.md says what it has to do), then " if made.program else ""
    events = sum(table.events for table in made.made.tables)
    said = count(events, "event")
    if events != made.events:
        said = f"{count(made.events, 'record')}, {number(events)} of them {'an event' if events == 1 else 'events'}"
    console.print(f"{made.folder}: {said}. Next: {first}streamproof run --pack {made.name}", markup=False)
