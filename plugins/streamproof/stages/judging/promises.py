"""What the checks can expect of a replayed fixture set: sessions that can reach their scenario, records in the window.

A fixture set may be incomplete: only the start of a session, only some event families, or one failed attempt. A check
requires only what the published records can produce, because missing input is no fault of the pipeline.
"""

from __future__ import annotations

from collections import Counter

from streamproof.fixtures.ordering import ReplayPlan
from streamproof.model.fixture import FixtureSession
from streamproof.model.window import Window
from streamproof.packs.pack import Pack


def promised_sessions(pack: Pack, plan: ReplayPlan) -> list[FixtureSession]:
    """Return the sessions whose records include every event family that their scenario needs, in the set's order.

    Records that must be rejected do not count. Files with the same session id are one session. A session is left out
    when a limit on the number of events has cut it: it may not have reached its scenario yet.
    """
    families = plan.families
    whole = [session for session in plan.sessions if session.name not in plan.cut_sessions]
    return [session for session in whole if pack.can_hold(session.scenario, families.get(session.name, ()))]


def promised_by_scenario(pack: Pack, plan: ReplayPlan) -> dict[str, int]:
    """Return the number of promised sessions by scenario, for every scenario of the pack; see `promised_sessions`."""
    counts = Counter(session.scenario for session in promised_sessions(pack, plan))
    return {scenario: counts[scenario] for scenario in dict.fromkeys((*pack.scenarios, *counts))}


def published_in_window(plan: ReplayPlan, window: Window) -> dict[str, int]:
    """Return the number of records in the window by event family. Records without a value do not count.

    The time of a record is its event time, or its Kafka time when the event has none.
    """
    start, end = (round(moment.timestamp() * 1000) for moment in (window.from_ts, window.to_ts))
    times = (
        (event.event_type, event.publish_ms if event.event_ms is None else event.event_ms)
        for event in plan.events
        if event.size > 0
    )
    return dict(sorted(Counter(family for family, moment in times if start <= moment < end).items()))
