"""What a replayed set promises: which sessions can be in their scenario, and which families its window holds.

A check that expects something to exist asks for it only where the published records can bring it about. A session's
head, a set of some families, one failed attempt: what was not published is no fault of the pipeline.
"""

from __future__ import annotations

from collections import Counter

from streamproof.fixtures.ordering import ReplayPlan
from streamproof.model.fixture import FixtureSession
from streamproof.model.window import Window
from streamproof.packs.pack import Pack


def promised_sessions(pack: Pack, plan: ReplayPlan) -> list[FixtureSession]:
    """Return the sessions of a set whose records hold every family that their scenario needs, in the set's order.

    Records that the set wants rejected make no session. Files of one session id are taken together.
    """
    families = plan.families
    return [session for session in plan.sessions if pack.can_hold(session.scenario, families.get(session.name, ()))]


def promised_by_scenario(pack: Pack, plan: ReplayPlan) -> dict[str, int]:
    """Return how many sessions of each scenario of the pack a set promises; 0 says that it promises none."""
    counts = Counter(session.scenario for session in promised_sessions(pack, plan))
    return {scenario: counts[scenario] for scenario in dict.fromkeys((*pack.scenarios, *counts))}


def published_in_window(plan: ReplayPlan, window: Window) -> dict[str, int]:
    """Return the number of records by family whose time lies in the window; values without bytes do not count.

    The time is the event's own, or that of its record where it has none.
    """
    start, end = (round(moment.timestamp() * 1000) for moment in (window.from_ts, window.to_ts))
    times = (
        (event.event_type, event.publish_ms if event.event_ms is None else event.event_ms)
        for event in plan.events
        if event.size > 0
    )
    return dict(sorted(Counter(family for family, moment in times if start <= moment < end).items()))
