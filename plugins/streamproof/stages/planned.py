"""The records of a run's fixture set as its stages need them, and what is known of them before they are replayed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from streamproof.fixtures.ids import id_at
from streamproof.fixtures.ordering import ReplayPlan, plan_replay
from streamproof.fixtures.timing.prefix import first_events
from streamproof.fixtures.timing.shifting import moved_replay
from streamproof.fixtures.verify import shown
from streamproof.model.errors import FixtureError
from streamproof.packs.pack import Pack
from streamproof.runs.context import RunContext
from streamproof.runs.subject.sharing import marked_replay
from streamproof.stages.judging.promises import promised_by_scenario, published_in_window
from streamproof.warehouse.base import IdOf, no_id


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


def id_function(pack: Pack) -> IdOf:
    """Return the function that finds the id by which the pack accounts for an event."""
    ids = pack.accounting.ids
    if ids is None:
        return no_id
    path = ids.path
    return (lambda _event, value: id_at(value, path)) if path else (lambda event, _value: event.event_id)


def known_details(ctx: RunContext, plan: ReplayPlan) -> dict[str, Any]:
    """Return what later stages need to know of the records of a replay, as plain JSON data."""
    return {
        "topic": ctx.names.input_topic,
        "published": len(plan.events),
        "by_type": plan.by_type(),
        "by_scenario": plan.by_scenario(),
        "promised_by_scenario": promised_by_scenario(ctx.pack, plan),
        "published_in_window": published_in_window(plan, ctx.window),
        "published_ids": plan.published_ids(),
        "expected": {disposition: dict(counts) for disposition, counts in plan.expected.items()},
        "shared_events_published_once": plan.shared_once,
        "passed_over": dict(plan.passed_over),
        "bad_lines": [str(line) for line in plan.bad_lines],
    }


def log_notices(ctx: RunContext, plan: ReplayPlan) -> None:
    """Log the notices of a replay, and the lines that it leaves out."""
    for notice in plan.notices:
        ctx.log(f"notice: {notice}")
    for line in plan.bad_lines:
        ctx.log(f"left out: {line}")
