"""`streamproof session SID`: one workflow session through every layer."""

from __future__ import annotations

from typing import Annotated

import typer

from streamproof.cli.commands.showing.traces import print_trace
from streamproof.cli.environment import read_environment
from streamproof.cli.options import Json, MaxRows, Pack, RunId
from streamproof.cli.warehouse import chosen_warehouse
from streamproof.model.errors import UsageError


def session(
    sid: Annotated[str, typer.Argument(help="The workflow session id.", metavar="SID", show_default=False)],
    pack: Pack = None,
    run: RunId = None,
    max_rows: MaxRows = 30,
    json: Json = False,
) -> None:
    """Show what every layer of a warehouse (CH_*, or a run's) holds of one session, from raw records to API views."""
    from streamproof.checks.session_trace import read_session_queries, trace_session

    wanted = sid.strip()
    if not wanted:
        raise UsageError("The session id is blank.", hint="It looks like `stream|request`; quote it in a shell.")
    environment = read_environment()
    warehouse = chosen_warehouse(environment, run, pack)
    found = warehouse.pack
    queries = read_session_queries(found.sql_dir / "session", home=environment.home, dialect=found.dialect)
    with warehouse.connected() as client:
        trace = trace_session(client, queries, wanted, run_only_tables=warehouse.pack.run_only_tables)
    print_trace(f"Session {wanted}", trace, max_rows=max_rows, json=json)
