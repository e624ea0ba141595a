"""`streamproof event EVENT_ID`: the way of one event through every layer."""

from __future__ import annotations

from typing import Annotated

import typer

from streamproof.cli.commands.showing.traces import print_trace
from streamproof.cli.environment import read_environment
from streamproof.cli.options import Json, MaxRows, Pack, RunId
from streamproof.cli.warehouse import chosen_warehouse
from streamproof.model.errors import UsageError

EventId = Annotated[
    str,
    typer.Argument(
        help="The event's id; for an event without one, the SHA-256 of its bytes.",
        metavar="EVENT_ID",
        show_default=False,
    ),
]


def event(
    event_id: EventId,
    pack: Pack = None,
    run: RunId = None,
    max_rows: MaxRows = 30,
    json: Json = False,
) -> None:
    """Show where one event is in a warehouse (CH_*, or a run's): published, raw, typed or rejected, and in which facts.

    Its position in the run's replay is the header `sp-sequence` of the raw record.
    """
    from streamproof.checks.event_trace import read_event_queries, trace_event

    wanted = event_id.strip()
    if not wanted:
        raise UsageError("The event id is blank.", hint="It is the id that the fixture or the producer gave the event.")
    environment = read_environment()
    warehouse = chosen_warehouse(environment, run, pack)
    queries = read_event_queries(warehouse.pack, home=environment.home)
    with warehouse.connected() as client:
        trace = trace_event(client, queries, wanted, run_only_tables=warehouse.pack.run_only_tables)
    print_trace(f"Event {wanted}", trace, max_rows=max_rows, json=json)
