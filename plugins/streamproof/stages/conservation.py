"""Stage `conservation`: account for every single record, from the replay's ledger to the rows that it became."""

from __future__ import annotations

from typing import Any

from streamproof.model.plan import CONSERVATION
from streamproof.runs.context import RunContext, StageOutcome
from streamproof.stages.assertions import suite_checks

# By the type that the fixture gives a record: the processor cannot know the type of one that it could not read.
_DISPOSITIONS = """
SELECT dispositions.disposition AS disposition, ledger.event_type AS event_type, count() AS records
FROM record_dispositions AS dispositions
INNER JOIN replay_ledger AS ledger
    ON dispositions.source_topic = ledger.source_topic
    AND dispositions.source_partition = ledger.source_partition
    AND dispositions.source_offset = ledger.source_offset
GROUP BY disposition, event_type
ORDER BY disposition, event_type
"""


def run(ctx: RunContext) -> StageOutcome:
    """Run the conservation suite; the details count records by disposition and event type. Raises WarehouseError."""
    checks = suite_checks(ctx, CONSERVATION)
    found: dict[str, dict[str, Any]] = {}
    with ctx.warehouse() as warehouse:
        for row in warehouse.query(_DISPOSITIONS).named():
            found.setdefault(row["disposition"], {})[row["event_type"]] = int(row["records"])
    return StageOutcome(details={"dispositions": found}, checks=checks)
