"""The five kinds of session. Each satisfies exactly one scenario of the pack: its class is never a matter of order.

Scenario 1 sessions have no parameter update and a mean FPS above 12; sessions of scenario 4 stay below 12 and have no
swap; sessions of scenario 3 have no parameter update; scenario 5 is everything that is none of these.
"""

from __future__ import annotations

from packs.livepeer.generator.dice import SECOND
from packs.livepeer.generator.network import Orchestrator
from packs.livepeer.generator.story import Story

SCENARIO_1 = "scenario_1_clean_success_no_swap_fps_gt_12"
SCENARIO_2 = "scenario_2_no_orchestrator_then_closed"
SCENARIO_3 = "scenario_3_success_with_swap"
SCENARIO_4 = "scenario_4_success_with_param_updates"
SCENARIO_5 = "scenario_5_out_of_category_baseline"

CADENCE = 10 * SECOND
GOOD_FPS, POOR_FPS = 16.5, 8.5


def samples(story: Story, orchestrator: Orchestrator, count: int, *, after_ms: int, fps: float = GOOD_FPS) -> int:
    """Tell health samples about 10 s apart and return the time of the last one."""
    at = after_ms
    for _ in range(count):
        at += CADENCE + story.dice.between(-300, 300)
        story.status(at, orchestrator, max(story.dice.around(fps, 1.5), 0.0))
    return at


def clean(story: Story, orchestrator: Orchestrator, *, count: int = 6, fps: float = GOOD_FPS) -> int:
    """Tell a start, samples of one orchestrator and the end; return the end's time. Seven milestones."""
    story.startup(orchestrator)
    at = samples(story, orchestrator, count, after_ms=story.start_ms, fps=fps)
    return story.close(at + 4 * SECOND)


def refused(story: Story, *, message: str | None = "no orchestrators available within 2s timeout") -> int:
    """Tell a request that no orchestrator took, with the explicit milestone; return the end. Three milestones."""
    at = story.start_ms
    story.trace("gateway_receive_stream_request", at, skew_ms=-3)
    if message:
        story.notice("error", at + 2_040, message)
    story.trace("gateway_no_orchestrators_available", at + 2_050, skew_ms=0)
    return story.close(at + 2_400 + story.dice.between(0, 900))


def swapped(story: Story, first: Orchestrator, second: Orchestrator, *, told: bool = True, back: bool = False) -> int:
    """Tell a change of orchestrator, `told` with its explicit milestone or not, `back` again or not; return the end.

    Nine milestones with one told swap.
    """
    story.startup(first)
    at = samples(story, first, 3, after_ms=story.start_ms)
    for leaving, entering in ((first, second), (second, first)) if back else ((first, second),):
        at += 4 * SECOND
        if told:
            extra = {"pipeline": story.model, "message": "orchestrator swap: segment timeout"}
            story.trace("orchestrator_swap", at, leaving, skew_ms=None, extra=extra)
        story.trace("gateway_send_first_ingest_segment", at + 700, entering, skew_ms=2)
        at = samples(story, entering, 3, after_ms=at)
    return story.close(at + 4 * SECOND)


def updated(story: Story, orchestrator: Orchestrator, *, updates: int = 1) -> int:
    """Tell a successful session whose parameters are changed while it runs; return the end's time."""
    end = clean(story, orchestrator, count=5, fps=POOR_FPS)
    for number in range(updates):
        story.notice("params_update", story.start_ms + (number + 1) * 13 * SECOND)
    return end


def timed_out(story: Story, message: str) -> int:
    """Tell a request that ends without any orchestrator and without the milestone that says so. Two milestones."""
    story.trace("gateway_receive_stream_request", story.start_ms, skew_ms=-2)
    story.notice("error", story.start_ms + 2_100, message)
    return story.close(story.start_ms + 2_600)
