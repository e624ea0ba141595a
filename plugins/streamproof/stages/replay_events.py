"""Stage `replay_events`: publish or serve the fixture set, and record in the ledger table what was in it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from typing import Any

from streamproof.fixtures.ordering import ReplayPlan
from streamproof.fixtures.timing.pace import Pace, factor_of
from streamproof.model.waiting import now_at
from streamproof.runs.context import RunContext, StageOutcome
from streamproof.stages.planned import id_function, known_details, log_notices, planned_replay
from streamproof.stages.serving.replay import serve_set
from streamproof.transport.base import Course, Published

LOG_EVERY_SEC = 10.0


def run(ctx: RunContext) -> StageOutcome:
    """Publish every record, or run the pipeline that fetches them, and write the ledger. Raises StackError."""
    plan = planned_replay(ctx)
    log_notices(ctx, plan)
    return serve_set(ctx, plan) if ctx.pack.source else _publish(ctx, plan)


def _publish(ctx: RunContext, plan: ReplayPlan) -> StageOutcome:
    factor = factor_of(ctx.plan.speed)
    pace = None if factor is None else Pace(factor)
    published = ctx.transport.publish(
        ctx.kafka(),
        ctx.names.input_topic,
        plan.records(),
        run_id=ctx.plan.run_id,
        watch=ctx.stack_state,
        shared=bool(ctx.plan.correlation),
        course=Course(pace=pace, on_acknowledged=_logged(ctx, len(plan.events))),
    )
    ctx.log(f"{published.acknowledged} records acknowledged, {published.rate_per_sec:,.0f}/s")
    with ctx.warehouse() as warehouse:
        kinds = warehouse.value_kinds_read
        rows = warehouse.write_ledger(published, plan.records(), plan.unstated, id_function(ctx.pack))
        ctx.log(f"{rows} rows in the ledger")
    details = replay_details(ctx, plan, published, kinds)
    if pace is not None:
        details["send_error"] = pace.errors.as_json()
        ctx.log(f"sent at {ctx.plan.speed} with an error of {pace.errors}")
    return StageOutcome(details=details)


def _logged(ctx: RunContext, total: int) -> Callable[[int, Sequence[int]], object]:
    """Return a function that counts acknowledged records and logs their number every few seconds."""
    acknowledged, said = 0, time.monotonic()

    def on_acknowledged(_partition: int, offsets: Sequence[int]) -> None:
        nonlocal acknowledged, said
        acknowledged += len(offsets)
        now_at(f"{acknowledged:,} of {total:,} records acknowledged")
        if time.monotonic() - said >= LOG_EVERY_SEC:
            said = time.monotonic()
            ctx.log(f"{acknowledged:,} of {total:,} records acknowledged")

    return on_acknowledged


def replay_details(
    ctx: RunContext, plan: ReplayPlan, published: Published, kinds_read: Collection[str]
) -> dict[str, Any]:
    """Return what later stages need to know about a replay, as plain JSON data.

    `kinds_read` are the kinds of values that the raw consumer stores.
    """
    return {
        **known_details(ctx, plan),
        "topic": published.topic,
        "acknowledged": published.acknowledged,
        "start_offsets": {str(partition): offset for partition, offset in published.start_offsets.items()},
        "end_offsets": {str(partition): offset for partition, offset in published.end_offsets.items()},
        "raw_end_offsets": _raw_end_offsets(plan, published, kinds_read),
        "rate_per_sec": round(published.rate_per_sec, 1),
        "duration_sec": round(published.duration_sec, 6),
    }


def _raw_end_offsets(plan: ReplayPlan, published: Published, kinds_read: Collection[str]) -> dict[str, int]:
    """Return, by partition, the offset after the last record that the raw consumer stores.

    The raw consumer may not commit the offsets of records that it skips.
    """
    ends = {str(partition): offset for partition, offset in published.start_offsets.items()}
    for event, partition, offset in zip(plan.events, published.partitions, published.offsets, strict=True):
        if event.value_kind in kinds_read:
            ends[str(partition)] = max(ends[str(partition)], offset + 1)
    return ends
