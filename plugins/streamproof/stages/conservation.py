"""Stage `conservation`: account for every record, from the replay's ledger to the rows made from it."""

from __future__ import annotations

from streamproof.model.plan import CONSERVATION
from streamproof.runs.context import RunContext, StageOutcome
from streamproof.stages.accounting import dispositions_of
from streamproof.stages.assertions import suite_checks


def run(ctx: RunContext) -> StageOutcome:
    """Run the conservation suite and count records by disposition and event type. Raises WarehouseError."""
    checks = suite_checks(ctx, CONSERVATION)
    with ctx.warehouse() as warehouse:
        found = dispositions_of(ctx, warehouse)
    return StageOutcome(details={"dispositions": found}, checks=checks)
