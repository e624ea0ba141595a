"""Stage `inject`: run the user's SQL on the run's own database before the checks, to see how a run fails."""

from __future__ import annotations

from pathlib import Path

from streamproof.model.errors import UsageError
from streamproof.runs.context import RunContext, StageOutcome
from streamproof.sql.reading import read_sql


def run(ctx: RunContext) -> StageOutcome:
    """Execute each statement of the plan's inject file. Raises WarehouseError when ClickHouse refuses one."""
    if ctx.plan.inject is None:
        raise UsageError("This run was planned without --inject.", hint="Plan a new run with --inject FILE.sql.")
    script = read_sql(Path(ctx.plan.inject))
    with ctx.warehouse() as warehouse:
        statements = warehouse.script(script, ctx.plan.inject)
    ctx.log(f"injected {len(statements)} statements from {ctx.plan.inject}")
    return StageOutcome(details={"file": ctx.plan.inject, "statements": statements})
