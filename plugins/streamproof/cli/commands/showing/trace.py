"""`streamproof trace`: walk the data layer by layer with the pack's queries, or your own."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streamproof.cli.environment import read_environment
from streamproof.cli.options import FromTs, Json, LookbackHours, Pack, RunId, SqlFiles, ToTs
from streamproof.cli.output import emit_json, result_console
from streamproof.cli.sql_files import read_files, window_for
from streamproof.cli.warehouse import chosen_warehouse
from streamproof.model.errors import EXIT_NOT_JUDGED, UsageError

if TYPE_CHECKING:
    from streamproof.checks.query_pack import QueryResult
    from streamproof.model.window import Window
    from streamproof.sql.blocks import Block


class TraceFormat(StrEnum):
    """How the rows are shown."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"


Format = Annotated[
    TraceFormat, typer.Option("--format", help="How the rows are shown; csv without --out takes one query.")
]
Out = Annotated[
    Path | None,
    typer.Option("--out", help="New folder for a file a query in that format, and index.json.", metavar="DIR"),
]


def trace(
    sql_file: SqlFiles = None,
    pack: Pack = None,
    run: RunId = None,
    from_ts: FromTs = None,
    to_ts: ToTs = None,
    lookback_hours: LookbackHours = None,
    max_rows: Annotated[
        int, typer.Option("--max-rows", help="Rows of each query that a table shows.", min=1, metavar="N")
    ] = 50,
    form: Format = TraceFormat.TABLE,
    out: Out = None,
    json: Json = False,
) -> None:
    """Run the trace queries against a warehouse, named by CH_HOST, CH_PORT, CH_DATABASE, CH_USER, CH_PASSWORD."""
    from streamproof.checks.query_pack import run_queries
    from streamproof.sql.blocks import BlockKind

    environment = read_environment()
    warehouse = chosen_warehouse(environment, run, pack)
    queries = read_files(sql_file or [warehouse.pack.sql_dir / "trace"], BlockKind.QUERY, warehouse.pack.dialect)
    window = window_for(queries, from_ts, to_ts, lookback_hours, of_run=warehouse.window)
    _refuse(form, out, queries, json=json)
    with warehouse.connected() as client:
        results = run_queries(client, queries, window.query_parameters() if window else {})
    if out is not None:
        _write(results, window, form, out, json=json)
    else:
        _show(results, window, max_rows, form, json=json)
    if any(result.error for result in results):
        raise typer.Exit(EXIT_NOT_JUDGED)


def _refuse(form: TraceFormat, out: Path | None, queries: Sequence[Block], *, json: bool) -> None:
    """Raise UsageError for options that cannot be followed together, before anything is asked."""
    if out is None:
        if form is TraceFormat.CSV and len(queries) > 1:
            raise UsageError(
                f"{len(queries)} queries have different columns and do not fit into one CSV.",
                hint="Give --out DIR for a file each, or --sql-file with one query.",
            )
        if json and form not in (TraceFormat.TABLE, TraceFormat.JSON):
            raise UsageError(f"--json and --format {form} cannot both be on stdout.", hint="Leave one of them out.")
        return
    if form is TraceFormat.TABLE:
        raise UsageError("--out writes no tables for the terminal.", hint="Give --format json, csv or markdown.")
    if out.expanduser().exists():
        raise UsageError(f"{out} is there already.", hint="Give a folder that does not exist: it is made.")


def _write(results: Sequence[QueryResult], window: Window | None, form: TraceFormat, out: Path, *, json: bool) -> None:
    from streamproof.report.formatting import count
    from streamproof.report.machine.query_files import FORMATS, INDEX, write_query_files

    tables = [result.as_table() for result in results]
    index = write_query_files(tables, out, (FORMATS[form],), window)
    if json:
        emit_json(index)
        return
    for entry in index["queries"]:
        told = entry["files"].get(form) or entry["error"] or f"skipped: needs {entry['needs']}"
        left = f", the first {entry['rows_written']:,}" if entry["truncated"] else ""
        typer.echo(f"{entry['name']}: {count(entry['rows'], 'row')}{left}: {told}")
    typer.echo(out / INDEX)


def _show(
    results: Sequence[QueryResult], window: Window | None, max_rows: int, form: TraceFormat, *, json: bool
) -> None:
    from streamproof.report.terminal.layers import show_query

    found = [result.as_json() for result in results]
    if json or form is TraceFormat.JSON:
        span = window.as_json() if window else {"from_ts": None, "to_ts": None}
        emit_json({**span, "queries": found})
    elif form is TraceFormat.TABLE:
        console = result_console(json=json)
        for entry in found:
            show_query(console, entry, max_rows=max_rows)
    else:
        _print(results, form)


def _print(results: Sequence[QueryResult], form: TraceFormat) -> None:
    """Print the rows as CSV or Markdown, byte for byte. What could not be run is told on stderr."""
    from streamproof.report.machine.query_files import FORMATS

    for result in results:
        if result.error or result.skipped:
            why = result.error or f"skipped: needs {result.skipped}"
            typer.echo(f"{result.name}: {why}", err=True)
        else:
            sys.stdout.buffer.write(FORMATS[form].render(result.as_table()))
            sys.stdout.buffer.write(b"\n" if form is TraceFormat.MARKDOWN else b"")
    sys.stdout.flush()
