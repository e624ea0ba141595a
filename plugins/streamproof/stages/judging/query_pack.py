"""Stage `query_pack`: store the services' log lines, cache shared views, and run the pack's trace queries."""

from __future__ import annotations

from streamproof.checks.layer_queries import without_absent
from streamproof.checks.query_pack import run_queries
from streamproof.checks.service_logs import read_logs, write_log_lines
from streamproof.model.errors import WarehouseError
from streamproof.model.results import Status
from streamproof.report.machine.query_files import FORMATS, write_query_files
from streamproof.runs.context import RunContext, StageOutcome
from streamproof.sql.blocks import Block, read_blocks
from streamproof.sql.reading import shown_path
from streamproof.stages.judging.assertions import asked_of
from streamproof.stages.judging.contracts import pack_contracts
from streamproof.warehouse.base import Warehouse


def trace_queries(ctx: RunContext) -> tuple[Block, ...]:
    """Return the pack's trace queries in the order of their files. Raises SqlSourceError."""
    files = sorted((ctx.sql_dir / "trace").glob("*.sql"))
    found = (read_blocks(path, shown_as=shown_path(path, ctx.home), dialect=ctx.pack.dialect) for path in files)
    return tuple(block for blocks in found for block in blocks)


def cache_views(ctx: RunContext, warehouse: Warehouse) -> None:
    """Cache each view that at least two of the run's checks and trace queries read.

    When the server cannot cache views, or the user may not, every check reads the view itself. That takes longer, and
    the results are the same. Raises SqlSourceError, UsageError for a broken contract, WarehouseError.
    """
    texts = [test.sql for _, test in asked_of(ctx)]
    texts += [contract.table for contract in pack_contracts(ctx)]
    texts += [query.sql for query in trace_queries(ctx)]
    # When the stage runs again, the tables may have changed.
    warehouse.drop_view_cache()
    try:
        errors = warehouse.cache_views(texts)
    except WarehouseError as problem:
        ctx.log(f"no view is read once for all checks: {problem.message}")
        warehouse.drop_view_cache()
    else:
        ctx.log(f"read once for all checks: {', '.join(sorted(warehouse.cached_views())) or 'no view'}")
        for view, error in errors.items():
            ctx.log(f"{view} cannot be read: {error}")


def rows_by_layer(ctx: RunContext, warehouse: Warehouse) -> dict[str, dict[str, int]]:
    """Return the number of rows of the pack's tables and views by layer and name, for the report.

    Those that the run compares with their expected rows are left out: the comparison counts them. What cannot be
    counted is logged and left out, because no verdict depends on it.
    """
    compared = {item.name for item in ctx.files.parity} if ctx.plan.oracle else set()
    found: dict[str, dict[str, int]] = {}
    for layer, tables in ctx.pack.layers.items():
        counted = [table for table in tables if table not in compared]
        try:
            counts = warehouse.row_counts(counted) if counted else {}
        except WarehouseError as problem:
            ctx.log(f"the rows of layer {layer} are not counted: {problem.message}")
        else:
            found |= {layer: counts} if counts else {}
    return found


def run(ctx: RunContext) -> StageOutcome:
    """Run every trace query. The rows go to the stage's details, its log, and as JSON and CSV to folder `query_pack`.

    First, the warnings and errors in the services' logs are written to the run's database for the checks, and the views
    that several checks and queries share are cached. A trace query shows data and judges nothing. So one that cannot be
    run stops neither the other queries nor the checks: its error is a notice of the run. In mode observe, one that
    reads a table that only a run of its own has is skipped. The details also hold the rows of the layers, see
    `rows_by_layer`.
    """
    parameters = ctx.window.query_parameters()
    with ctx.warehouse() as warehouse:
        # Mode observe has no services of its own and writes nothing.
        if not ctx.plan.observes:
            logs = read_logs(ctx.folder.stack / "logs", ctx.pack.log_lines)
            stored = write_log_lines(warehouse, logs)
            ctx.log(f"{len(logs)} logs of services read, {stored - len(logs)} lines of level WARN and above")
            cache_views(ctx, warehouse)
        queries = trace_queries(ctx)
        results = run_queries(warehouse, queries, parameters)
        layers = {} if ctx.plan.observes else rows_by_layer(ctx, warehouse)
    if ctx.plan.observes:
        absent = ctx.stage_details("warehouse_check")["absent_run_only_tables"]
        results = tuple(without_absent(*asked, absent) for asked in zip(queries, results, strict=True))
    for result in results:
        ctx.log(f"\n{result.as_text()}")
    tables, formats = [result.as_table() for result in results], (FORMATS["json"], FORMATS["csv"])
    write_query_files(tables, ctx.folder.query_pack, formats, ctx.window, replace=True)
    details = {"queries": [result.as_json() for result in results], "layers": layers}
    return StageOutcome(details=details, status=Status.PASSED)
