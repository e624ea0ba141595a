"""`streamproof dlq triage`: dead letters by class and reason, and the latest with their bodies."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from streamproof.cli.environment import read_environment
from streamproof.cli.options import FromTs, Json, LookbackHours, Pack, RunId, ToTs
from streamproof.cli.output import emit_json, result_console
from streamproof.cli.warehouse import chosen_warehouse
from streamproof.model.errors import EXIT_NOT_JUDGED
from streamproof.model.window import Window, window_from

DEFAULT_HOURS = 1.0


def triage(
    pack: Pack = None,
    run: RunId = None,
    from_ts: FromTs = None,
    to_ts: ToTs = None,
    lookback_hours: LookbackHours = None,
    latest: Annotated[int, typer.Option("--latest", help="Letters shown with bodies.", min=0, metavar="N")] = 20,
    json: Json = False,
) -> None:
    """Show the dead letters that were written in a window: by class and reason, and the latest with their bodies.

    The window is that of the time of writing; by default it is the last hour.
    """
    from streamproof.checks.query_pack import run_queries
    from streamproof.dead_letters.triage import read_triage
    from streamproof.report.terminal.layers import show_query

    environment, now = read_environment(), datetime.now(UTC)
    window = window_from(from_ts, to_ts, lookback_hours, now=now) or Window.looking_back(DEFAULT_HOURS, now=now)
    warehouse = chosen_warehouse(environment, run, pack)
    queries = read_triage(warehouse.pack, home=environment.home)
    with warehouse.connected() as client:
        results = run_queries(client, queries, {**window.query_parameters(), "latest": latest})
    found = [result.as_json() for result in results]
    if json:
        emit_json({**window.as_json(), "queries": found})
    else:
        for entry in found:
            show_query(result_console(json=json), entry, max_rows=max(latest, 50))
    if any(result.error for result in results):
        raise typer.Exit(EXIT_NOT_JUDGED)
