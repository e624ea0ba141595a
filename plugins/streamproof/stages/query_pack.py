"""Stage `query_pack`: walk the layers with the pack's trace queries, and lay what the services said beside them."""

from __future__ import annotations

from streamproof.checks.query_pack import run_queries
from streamproof.checks.service_logs import read_logs, write_log_lines
from streamproof.model.errors import WarehouseError
from streamproof.model.results import Status
from streamproof.runs.context import RunContext, StageOutcome
from streamproof.sql.blocks import Block, read_blocks
from streamproof.sql.reading import shown_path
from streamproof.stages.assertions import asked_of
from streamproof.stages.contracts import pack_contracts
from streamproof.warehouse.base import Warehouse


def trace_queries(ctx: RunContext) -> tuple[Block, ...]:
    """Return the pack's trace queries in the order of their files. Raises SqlSourceError."""
    files = sorted((ctx.sql_dir / "trace").glob("*.sql"))
    return tuple(block for path in files for block in read_blocks(path, shown_as=shown_path(path, ctx.home)))


def cache_views(ctx: RunContext, warehouse: Warehouse) -> None:
    """Read once each view that two or more of the run's checks and trace queries name.

    Where the server has no means for it, or the user no right, every check reads the view itself: it takes longer and
    answers the same. Raises SqlSourceError, UsageError for a broken contract, WarehouseError.
    """
    texts = [test.sql for _, test in asked_of(ctx)]
    texts += [contract.table for contract in pack_contracts(ctx)]
    texts += [query.sql for query in trace_queries(ctx)]
    # A stage may run again, on what has changed since.
    warehouse.drop_view_cache()
    try:
        cached = warehouse.cache_views(texts)
    except WarehouseError as problem:
        ctx.log(f"no view is read once for all checks: {problem.message}")
        warehouse.drop_view_cache()
    else:
        ctx.log(f"read once for all checks: {', '.join(sorted(cached)) or 'no view'}")


def run(ctx: RunContext) -> StageOutcome:
    """Run every trace query; the rows are kept as JSON in the stage's details and as text in its log.

    Before that, what the logs of the run's services warn of goes into the run's database, for the checks to read, and
    so does one reading of the views that several checks and queries share.
    A query that cannot be run leaves its error in its place, and the stage errored; the others still run.
    """
    parameters = ctx.window.query_parameters()
    with ctx.warehouse() as warehouse:
        # An observation has no services, and writes nothing.
        if not ctx.plan.observes:
            logs = read_logs(ctx.folder.stack / "logs")
            kept = write_log_lines(warehouse, logs)
            ctx.log(f"{len(logs)} logs of services read, {kept - len(logs)} lines of level WARN and above")
            cache_views(ctx, warehouse)
        results = run_queries(warehouse, trace_queries(ctx), parameters)
    for result in results:
        ctx.log(f"\n{result.as_text()}")
    broken = any(result.error for result in results)
    return StageOutcome(
        details={"queries": [result.as_json() for result in results]},
        status=Status.ERRORED if broken else Status.PASSED,
    )
