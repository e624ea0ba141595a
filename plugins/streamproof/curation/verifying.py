"""Verify a fixture set with what its pack knows: families, context, order, and how long tables keep rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from streamproof.curation.overlap import overlaps
from streamproof.fixtures.ordering import ReplayPlan, plan_replay
from streamproof.fixtures.verify import SHOWN, report_on
from streamproof.model.fixture import FixtureReport
from streamproof.packs.pack import Pack
from streamproof.warehouse.registry import warehouse_kind

_DAY_MS = 86_400_000


def verify_set(
    pack: Pack, manifest: Path, *, now: datetime, tolerate_bad_lines: bool = False, strict: bool = False
) -> FixtureReport:
    """Read a whole fixture set and return a report on it.

    What hinders no replay but makes it prove less is a notice: a session without a family that its scenario requires or
    without the context that it needs, and lines that are not in the order of their times. With `strict`, these are
    problems. Raises FixtureError for a manifest that cannot be read.
    """
    plan = plan_replay(manifest, pack.replay)
    report = report_on(plan, pack.replay, tolerate_bad_lines, whole=True)
    # The order in a file that is served as it is does not matter to a replay.
    order = () if pack.source else _order(plan)
    found = (*_families(pack, plan), *_context(pack, plan), *order)
    old = tuple(_old_events(pack, plan, now))
    if strict:
        return replace(report, problems=(*report.problems, *found), notices=(*report.notices, *old))
    return replace(report, notices=(*report.notices, *_shortened(found), *old))


def _shortened(found: tuple[str, ...]) -> Iterator[str]:
    yield from found[:SHOWN]
    if len(found) > SHOWN:
        yield f"{len(found) - SHOWN} more of this kind: --strict lists all of them."


def _families(pack: Pack, plan: ReplayPlan) -> Iterator[str]:
    for session in plan.sessions:
        families = plan.families.get(session.name, frozenset())
        missing = [family for family in pack.scenarios.get(session.scenario, ()) if family not in families]
        if missing:
            yield (
                f"{session.file}: no event of {', '.join(missing)}, which {session.scenario} requires: whether the "
                "session comes out in it is not checked."
            )


def _context(pack: Pack, plan: ReplayPlan) -> Iterator[str]:
    if pack.context is None:
        return
    files = {session.name: session.file for session in plan.sessions}
    for name, overlap in overlaps(plan, pack.context).items():
        if unknown := overlap.unknown:
            yield (
                f"{files[name]}: the {pack.context.name} events in it do not describe {len(unknown)} of "
                f"{len(overlap.named)} {pack.context.what}s that it names ({', '.join(unknown[:3])})."
            )


def _order(plan: ReplayPlan) -> Iterator[str]:
    """Yield a sentence for each file whose lines are not in the order of their times: a replay publishes by time."""
    lines: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for event in plan.events:
        lines[event.session.file].append((event.line, event.publish_ms))
    for file, found in lines.items():
        found.sort()
        back = [line for (_, before), (line, time) in pairwise(found) if time < before]
        if back:
            yield f"{file}:{back[0]}: {len(back)} lines are earlier than the line before: a replay publishes by time."


def _old_events(pack: Pack, plan: ReplayPlan, now: datetime) -> Iterator[str]:
    """Yield a sentence about events that are older than rows may get in a warehouse with retention."""
    kept = warehouse_kind(pack.warehouse).retention_days(pack.sql_dir / "schema")
    if not kept:
        return
    now_ms = round(now.timestamp() * 1000)
    ages = [now_ms - event.event_ms for event in plan.events if event.event_ms is not None]
    shortest = min(kept.values())
    old = sum(age > shortest * _DAY_MS for age in ages)
    if old:
        tables = sorted((days, name) for name, days in kept.items() if max(ages) > days * _DAY_MS)
        named = ", ".join(f"{name} {days} days" for days, name in tables[:3])
        more = f" and {len(tables) - 3} more tables" if len(tables) > 3 else ""
        yield (
            f"{old} of {len(plan.events)} events are older than what a warehouse with retention keeps ({named}{more}): "
            "there their rows disappear. A run's own database keeps them; `--shift-to now` moves their times."
        )
