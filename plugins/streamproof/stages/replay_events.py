"""Stage `replay_events`: publish the fixture set and record in the ledger table what was published."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

from streamproof.fixtures.ids import id_at
from streamproof.fixtures.ordering import ReplayPlan, plan_replay
from streamproof.fixtures.timing.pace import Pace, factor_of
from streamproof.fixtures.timing.prefix import first_events
from streamproof.fixtures.timing.shifting import moved_replay
from streamproof.fixtures.verify import shown
from streamproof.model.errors import FixtureError
from streamproof.packs.pack import Pack
from streamproof.runs.context import RunContext, StageOutcome
from streamproof.runs.subject.sharing import marked_replay
from streamproof.stages.promises import promised_by_scenario, published_in_window
from streamproof.transport.base import Course, Published
from streamproof.warehouse.base import IdOf, no_id

LOG_EVERY_SEC = 10.0


def planned_replay(ctx: RunContext) -> ReplayPlan:
    """Return the run's verified records in the order of publishing.

    The process that planned the run already has them. Any other process reads the fixture set again. Raises
    FixtureError when the set has changed since the run was planned, or cannot be replayed.
    """
    if ctx.replay is not None:
        return ctx.replay
    plan = _read_again(ctx)
    if not ctx.plan.correlation:
        return moved_replay(plan, ctx.pack.replay, ctx.plan.shift_ms)
    return marked_replay(plan, ctx.correlation_rules(), ctx.plan.correlation, ctx.plan.shift_ms)


def _read_again(ctx: RunContext) -> ReplayPlan:
    """Read the fixture set. Raises FixtureError when it has changed since the run was planned."""
    whole = plan_replay(Path(ctx.plan.manifest), ctx.pack.replay, one_session_per_scenario=ctx.plan.mode == "smoke")
    plan = first_events(whole, ctx.plan.first_events)
    if plan.manifest.sha256 != ctx.plan.fixture_sha256 or len(plan.events) != ctx.plan.fixture_events:
        raise FixtureError(
            f"The fixture set {ctx.plan.manifest} has changed since the run was planned.", hint="Run again."
        )
    bad_lines = () if ctx.plan.tolerate_bad_lines else plan.bad_lines
    if plan.problems or bad_lines:
        raise FixtureError(shown((*plan.problems, *bad_lines)), hint="The fixture set has changed: run again.")
    return plan


def run(ctx: RunContext) -> StageOutcome:
    """Publish every record, wait for every acknowledgement, and write the ledger. Raises StackError."""
    plan = planned_replay(ctx)
    for notice in plan.notices:
        ctx.log(f"notice: {notice}")
    for line in plan.bad_lines:
        ctx.log(f"left out: {line}")
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
        if time.monotonic() - said >= LOG_EVERY_SEC:
            said = time.monotonic()
            ctx.log(f"{acknowledged:,} of {total:,} records acknowledged")

    return on_acknowledged


def id_function(pack: Pack) -> IdOf:
    """Return the function that finds the id by which the pack accounts for an event."""
    ids = pack.accounting.ids
    if ids is None:
        return no_id
    path = ids.path
    return (lambda _event, value: id_at(value, path)) if path else (lambda event, _value: event.event_id)


def replay_details(
    ctx: RunContext, plan: ReplayPlan, published: Published, kinds_read: Collection[str]
) -> dict[str, Any]:
    """Return what later stages need to know about a replay, as plain JSON data.

    `kinds_read` are the kinds of values that the raw consumer stores.
    """
    return {
        "topic": published.topic,
        "published": len(plan.events),
        "acknowledged": published.acknowledged,
        "by_type": plan.by_type(),
        "by_scenario": plan.by_scenario(),
        "promised_by_scenario": promised_by_scenario(ctx.pack, plan),
        "published_in_window": published_in_window(plan, ctx.window),
        "published_ids": plan.published_ids(),
        "expected": {disposition: dict(counts) for disposition, counts in plan.expected.items()},
        "start_offsets": {str(partition): offset for partition, offset in published.start_offsets.items()},
        "end_offsets": {str(partition): offset for partition, offset in published.end_offsets.items()},
        "raw_end_offsets": _raw_end_offsets(plan, published, kinds_read),
        "shared_events_published_once": plan.shared_once,
        "passed_over": dict(plan.passed_over),
        "bad_lines": [str(line) for line in plan.bad_lines],
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
