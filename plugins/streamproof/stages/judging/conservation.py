"""Stage `conservation`: account for every record, from the replay's ledger to the rows made from it."""

from __future__ import annotations

from typing import Any

from streamproof.fixtures.ids import id_at
from streamproof.model.plan import CONSERVATION
from streamproof.runs.context import RunContext, StageOutcome
from streamproof.stages.flink.job import run_job
from streamproof.stages.flink.state import job_facts, require_running, restart_check
from streamproof.stages.judging.accounting import counts_dispositions, dispositions_of
from streamproof.stages.judging.assertions import suite_checks
from streamproof.stages.serving.repetitions import repetition_check
from streamproof.warehouse.values import topic_place


def run(ctx: RunContext) -> StageOutcome:
    """Run the conservation suite and count records by disposition and event type.

    The ids in topics of rejected records are read first. A job on Flink must run still, and never have been restarted.
    Raises StackError, WarehouseError.
    """
    require_running(ctx)
    details: dict[str, Any] = {}
    if found := _read_reject_topics(ctx):
        details["reject_topics"] = found
    checks = suite_checks(ctx, CONSERVATION)
    if job := run_job(ctx):
        details["flink"] = job_facts(ctx, job)
        checks = (*checks, restart_check(details["flink"], CONSERVATION))
    if ctx.pack.repeat > 1:
        checks = (*checks, repetition_check(ctx.stage_details("replay_events"), CONSERVATION))
    if counts_dispositions(ctx):
        with ctx.warehouse() as warehouse:
            details["dispositions"] = dispositions_of(ctx, warehouse)
    return StageOutcome(details=details, checks=checks)


def _read_reject_topics(ctx: RunContext) -> dict[str, int]:
    """Store the ids of the records in the pack's topics of rejects; return the number of records by topic."""
    ids = ctx.pack.accounting.ids
    found: dict[str, int] = {}
    if ids is None or not ids.reject_topics:
        return found
    with ctx.warehouse() as warehouse:
        for rejects in ids.reject_topics:
            topic = ctx.names.topics[rejects.topic]
            records = ctx.transport.read(ctx.kafka(), topic)
            ids_there = ((record.partition, record.offset, id_at(record.value, rejects.path)) for record in records)
            rows = (row for row in ids_there if row[2].startswith(ctx.plan.correlation))
            found[topic] = warehouse.store_reject_ids(topic_place(rejects.topic), rows)
    return found
