"""`streamproof scenarios`: which sessions of a warehouse show which scenario."""

from __future__ import annotations

from typing import Annotated

import typer

from streamproof.cli.environment import read_environment
from streamproof.cli.options import FromTs, Json, LookbackHours, Pack, RunId, ToTs
from streamproof.cli.output import emit_json, result_console
from streamproof.cli.sql_files import read_files, window_for
from streamproof.cli.warehouse import chosen_warehouse
from streamproof.model.errors import EXIT_NOT_JUDGED


def scenarios(
    pack: Pack = None,
    run: RunId = None,
    limit_per_scenario: Annotated[
        int, typer.Option("--limit-per-scenario", help="Sessions of each scenario, newest first.", min=1, metavar="N")
    ] = 5,
    from_ts: FromTs = None,
    to_ts: ToTs = None,
    lookback_hours: LookbackHours = None,
    json: Json = False,
) -> None:
    """Find the sessions of each scenario that started in the window, in the warehouse of CH_* or of a run."""
    from streamproof.checks.query_pack import run_queries
    from streamproof.report.terminal.layers import show_query
    from streamproof.sql.blocks import BlockKind

    environment = read_environment()
    warehouse = chosen_warehouse(environment, run, pack)
    queries = read_files([warehouse.pack.sql_dir / "scenarios"], BlockKind.QUERY, warehouse.pack.dialect)
    window = window_for(queries, from_ts, to_ts, lookback_hours, of_run=warehouse.window)
    times = window.query_parameters() if window else {}
    with warehouse.connected() as client:
        results = run_queries(client, queries, {**times, "limit_per_scenario": limit_per_scenario})
    found = [result.as_json() for result in results]
    if json:
        span = window.as_json() if window else {"from_ts": None, "to_ts": None}
        emit_json({**span, "limit_per_scenario": limit_per_scenario, "scenarios": found})
    else:
        console = result_console(json=json)
        for entry in found:
            show_query(console, entry, max_rows=limit_per_scenario)
    if any(result.error for result in results):
        raise typer.Exit(EXIT_NOT_JUDGED)
