"""`streamproof trace`: walk the data layer by layer with the pack's queries, or your own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from streamproof.cli.environment import read_environment
from streamproof.cli.options import FromTs, Json, LookbackHours, Pack, RunId, SqlFiles, ToTs
from streamproof.cli.output import emit_json, result_console
from streamproof.cli.sql_files import read_files, window_for
from streamproof.cli.warehouse import chosen_warehouse
from streamproof.model.errors import EXIT_NOT_JUDGED

if TYPE_CHECKING:
    from streamproof.checks.query_pack import QueryResult
    from streamproof.model.window import Window


def trace(
    sql_file: SqlFiles = None,
    pack: Pack = None,
    run: RunId = None,
    from_ts: FromTs = None,
    to_ts: ToTs = None,
    lookback_hours: LookbackHours = None,
    max_rows: Annotated[int, typer.Option("--max-rows", help="Rows shown of each query.", min=1, metavar="N")] = 50,
    json: Json = False,
) -> None:
    """Run the trace queries against a warehouse, named by CH_HOST, CH_PORT, CH_DATABASE, CH_USER, CH_PASSWORD."""
    from streamproof.checks.query_pack import run_queries
    from streamproof.sql.blocks import BlockKind

    environment = read_environment()
    warehouse = chosen_warehouse(environment, run, pack)
    queries = read_files(sql_file or [warehouse.pack.sql_dir / "trace"], BlockKind.QUERY, warehouse.pack.dialect)
    window = window_for(queries, from_ts, to_ts, lookback_hours, of_run=warehouse.window)
    with warehouse.connected() as client:
        results = run_queries(client, queries, window.query_parameters() if window else {})
    _show(results, window, max_rows, json=json)
    if any(result.error for result in results):
        raise typer.Exit(EXIT_NOT_JUDGED)


def _show(results: Sequence[QueryResult], window: Window | None, max_rows: int, *, json: bool) -> None:
    from streamproof.report.terminal.layers import show_query

    found = [result.as_json() for result in results]
    if json:
        span = window.as_json() if window else {"from_ts": None, "to_ts": None}
        emit_json({**span, "queries": found})
        return
    console = result_console(json=json)
    for entry in found:
        show_query(console, entry, max_rows=max_rows)
