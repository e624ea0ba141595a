"""What a run that did not pass leaves to look at: service logs, offsets, rejects, and the failing checks."""

from __future__ import annotations

import shutil
from typing import Any

from streamproof.model.errors import StreamproofError
from streamproof.model.results import Status
from streamproof.services.clickhouse import rows
from streamproof.services.files import write_json
from streamproof.stages.context import RunContext

_DISPOSITIONS = """
SELECT source_partition, source_offset, event_id, event_type, disposition, failure_class, reason
FROM record_dispositions
WHERE disposition != 'accepted'
ORDER BY source_partition, source_offset
LIMIT 1000
"""


def collect_diagnostics(ctx: RunContext) -> None:
    """Fill the run's diagnostics folder. What cannot be had (a dead ClickHouse) is named there, not raised."""
    folder = ctx.folder.diagnostics
    folder.mkdir(parents=True, exist_ok=True)
    logs = ctx.folder.stack / "logs"
    if logs.is_dir():
        shutil.copytree(logs, folder / "logs", dirs_exist_ok=True)
    write_json(folder / "failing_checks.json", _failing_checks(ctx))
    state = ctx.folder.read_stack_state()
    if state is not None:
        write_json(folder / "stack_state.json", state.as_json())
    write_json(folder / "rejected_records.json", _rejected_records(ctx))


def _failing_checks(ctx: RunContext) -> list[dict[str, Any]]:
    results = (ctx.folder.read_stage(stage) for stage in ctx.plan.judging_stages)
    return [
        check.as_json()
        for result in results
        if result is not None
        for check in result.checks
        if check.status in (Status.FAILED, Status.ERRORED)
    ]


def _rejected_records(ctx: RunContext) -> dict[str, Any]:
    try:
        with ctx.clickhouse() as client:
            return {"records": rows(client, _DISPOSITIONS)}
    except StreamproofError as problem:
        ctx.log(f"rejected records not collected: {problem.message}")
        return {"records": [], "not_collected": problem.message}
