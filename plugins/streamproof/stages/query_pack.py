"""Stage `query_pack`: walk the layers with the pack's trace queries, and lay what the services said beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamproof.checks.query_pack import run_queries
from streamproof.checks.service_logs import read_logs, write_log_lines
from streamproof.model.results import Status
from streamproof.runs.context import RunContext, StageOutcome
from streamproof.sql.blocks import Block, read_blocks
from streamproof.stages.assertions import asked_of
from streamproof.stages.contracts import pack_contracts
from streamproof.warehouse.clickhouse.view_cache import WORKERS, HeldViews, shared_by, views_of

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client


def trace_queries(ctx: RunContext) -> tuple[Block, ...]:
    """Return the pack's trace queries in the order of their files. Raises SqlSourceError."""
    files = sorted((ctx.sql_dir / "trace").glob("*.sql"))
    return tuple(block for path in files for block in read_blocks(path, shown_as=str(path.relative_to(ctx.home))))


def hold_views(ctx: RunContext, client: Client) -> HeldViews:
    """Read each view that two or more of the run's checks and trace queries name.

    Raises SqlSourceError, UsageError for a broken contract, WarehouseError.
    """
    texts = [test.sql for _, test in asked_of(ctx)]
    texts += [contract.table for contract in pack_contracts(ctx)]
    texts += [query.sql for query in trace_queries(ctx)]
    # A stage may run again, on what has changed since.
    views = HeldViews.found(client)
    views.forget(views.names)
    views.take(shared_by(texts, views_of(client)), workers=WORKERS)
    ctx.log(f"read once for all checks: {', '.join(sorted(views.names)) or 'no view'}")
    return views


def run(ctx: RunContext) -> StageOutcome:
    """Run every trace query; the rows are kept as JSON in the stage's details and as text in its log.

    Before that, what the logs of the run's services warn of goes into the run's database, for the checks to read, and
    so does one reading of the views that several checks and queries share.
    A query that cannot be run leaves its error in its place, and the stage errored; the others still run.
    """
    parameters = ctx.window.query_parameters()
    with ctx.clickhouse() as client:
        views = None
        # An observation has no services, and writes nothing.
        if not ctx.plan.observes:
            logs = read_logs(ctx.folder.stack / "logs")
            kept = write_log_lines(client, logs)
            ctx.log(f"{len(logs)} logs of services read, {kept - len(logs)} lines of level WARN and above")
            views = hold_views(ctx, client)
        results = run_queries(client, trace_queries(ctx), parameters, views=views)
    for result in results:
        ctx.log(f"\n{result.as_text()}")
    broken = any(result.error for result in results)
    return StageOutcome(
        details={"queries": [result.as_json() for result in results]},
        status=Status.ERRORED if broken else Status.PASSED,
    )
