"""The five kinds of session. Each satisfies exactly one scenario of the pack, so that precedence is never needed.

Scenario 1 sessions have no parameter update and a mean FPS above 12; sessions of scenario 4 stay below 12 and have no
swap; sessions of scenario 3 have no parameter update; scenario 5 is everything that is none of these.
"""

from __future__ import annotations

from packs.livepeer.generator.network import Orchestrator
from packs.livepeer.generator.seeded_random import SECOND
from packs.livepeer.generator.session_builder import SessionBuilder

SCENARIO_1 = "scenario_1_clean_success_no_swap_fps_gt_12"
SCENARIO_2 = "scenario_2_no_orchestrator_then_closed"
SCENARIO_3 = "scenario_3_success_with_swap"
SCENARIO_4 = "scenario_4_success_with_param_updates"
SCENARIO_5 = "scenario_5_out_of_category_baseline"

CADENCE = 10 * SECOND
GOOD_FPS, POOR_FPS = 16.5, 8.5


def samples(
    builder: SessionBuilder, orchestrator: Orchestrator, count: int, *, after_ms: int, fps: float = GOOD_FPS
) -> int:
    """Add health samples about 10 s apart and return the time of the last one."""
    at = after_ms
    for _ in range(count):
        at += CADENCE + builder.rng.between(-300, 300)
        builder.status(at, orchestrator, max(builder.rng.around(fps, 1.5), 0.0))
    return at


def clean(builder: SessionBuilder, orchestrator: Orchestrator, *, count: int = 6, fps: float = GOOD_FPS) -> int:
    """Add a start, samples of one orchestrator and the end; return the end's time. Seven milestones."""
    builder.startup(orchestrator)
    at = samples(builder, orchestrator, count, after_ms=builder.start_ms, fps=fps)
    return builder.close(at + 4 * SECOND)


def refused(builder: SessionBuilder, *, message: str | None = "no orchestrators available within 2s timeout") -> int:
    """Add a request that no orchestrator accepted, with the milestone for that; return the end. Three milestones."""
    at = builder.start_ms
    builder.trace("gateway_receive_stream_request", at, skew_ms=-3)
    if message:
        builder.notice("error", at + 2_040, message)
    builder.trace("gateway_no_orchestrators_available", at + 2_050, skew_ms=0)
    return builder.close(at + 2_400 + builder.rng.between(0, 900))


def swapped(
    builder: SessionBuilder, first: Orchestrator, second: Orchestrator, *, announced: bool = True, back: bool = False
) -> int:
    """Add a change of orchestrator and return the end of the session.

    `announced`: with the explicit milestone. `back`: the session returns to the first orchestrator afterwards. There
    are nine milestones with one announced swap.
    """
    builder.startup(first)
    at = samples(builder, first, 3, after_ms=builder.start_ms)
    for leaving, entering in ((first, second), (second, first)) if back else ((first, second),):
        at += 4 * SECOND
        if announced:
            extra = {"pipeline": builder.model, "message": "orchestrator swap: segment timeout"}
            builder.trace("orchestrator_swap", at, leaving, skew_ms=None, extra=extra)
        builder.trace("gateway_send_first_ingest_segment", at + 700, entering, skew_ms=2)
        at = samples(builder, entering, 3, after_ms=at)
    return builder.close(at + 4 * SECOND)


def updated(builder: SessionBuilder, orchestrator: Orchestrator, *, updates: int = 1) -> int:
    """Build a successful session whose parameters are changed while it runs; return the end's time."""
    end = clean(builder, orchestrator, count=5, fps=POOR_FPS)
    for number in range(updates):
        builder.notice("params_update", builder.start_ms + (number + 1) * 13 * SECOND)
    return end


def timed_out(builder: SessionBuilder, message: str) -> int:
    """Add a request that ends without an orchestrator and without the milestone for that. Two milestones."""
    builder.trace("gateway_receive_stream_request", builder.start_ms, skew_ms=-2)
    builder.notice("error", builder.start_ms + 2_100, message)
    return builder.close(builder.start_ms + 2_600)
