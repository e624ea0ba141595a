"""The golden set: clean sessions over scenarios 1 to 5 and all seven families, one dead letter and one duplicate.

Every column of every table has a value in it that a damage changes: `streamproof prove --coverage` requires that.
"""

from __future__ import annotations

from collections.abc import Iterator

from packs.livepeer.generator.dice import BASE_MS, DAY, HOUR, MINUTE, SECOND, Dice
from packs.livepeer.generator.lines import FIRST_FAMILY, Line
from packs.livepeer.generator.network import DEPTH, FACES, GATEWAYS, V2V, Network, build_network
from packs.livepeer.generator.rejects import again, malformed
from packs.livepeer.generator.scenarios import (
    GOOD_FPS,
    SCENARIO_1,
    SCENARIO_2,
    SCENARIO_3,
    SCENARIO_4,
    SCENARIO_5,
    clean,
    refused,
    samples,
    swapped,
    timed_out,
    updated,
)
from packs.livepeer.generator.story import Story

NORTH, SOUTH = GATEWAYS


class GoldenSet:
    """Tells the golden sessions one after the other; they share a network and one early capability event."""

    def __init__(self, seed: int) -> None:
        self._dice = Dice(f"golden {seed}")
        self._network: Network = build_network(self._dice)
        self._shared: Line | None = None

    def stories(self) -> Iterator[Story]:
        """Yield the sessions."""
        yield from self._clean_successes()
        yield from self._without_orchestrator()
        yield from self._swaps()
        yield from self._parameter_updates()
        yield from self._everything_else()
        yield self._long_with_rejects()

    def _story(self, scenario: str, after_ms: int, *, gateway: str = NORTH, model: str = FACES) -> Story:
        """Begin a session with the capability event that every file of the set shares."""
        story = Story(self._dice, scenario, BASE_MS + after_ms, gateway, model)
        if self._shared is None:
            self._shared = story.capabilities(BASE_MS, self._network.everyone)
        else:
            story.retell(self._shared)
        return story

    def _clean_successes(self) -> Iterator[Story]:
        net = self._network
        story = self._story(SCENARIO_1, 10 * MINUTE)
        # Older than the attribution's time to live, and one after the session began: both must change nothing.
        story.capabilities(story.start_ms - DAY - 6 * HOUR, (net.other,))
        story.capabilities(story.start_ms + 20 * SECOND, (net.plain,))
        end = clean(story, net.plain)
        # A normal end of a WebRTC stream reports an error, after the success.
        story.notice("error", end - 40, "mediamtx ingest disconnected")
        for number in range(1, 12):
            story.ingest(story.start_ms + number * 5 * SECOND + 50, audio=number % 4 != 0)
        story.payment(story.start_ms + 1_500, net.plain)
        story.payment(story.start_ms + 31_500, net.plain)
        story.discovery(story.start_ms - 300, (net.plain, net.other, net.bare))
        yield story

        story = self._story(SCENARIO_1, 59 * MINUTE + 30 * SECOND)  # crosses 22:00
        story.startup(net.second_host, spelling="upper")
        for number in range(1, 7):
            change = {"start_time": story.start_ms - 25 * MINUTE}
            at = story.start_ms + number * 10 * SECOND
            story.status(at, net.second_host, story.dice.around(18, 2), spelling="lower", change=change)
        story.close(story.start_ms + 66 * SECOND)
        yield story

        story = self._story(SCENARIO_1, 75 * MINUTE, gateway=SOUTH, model=V2V)
        # One object instead of an array, at the very time of the first signal; an orchestrator without hardware.
        story.add(FIRST_FAMILY, story.start_ms, net.bare.advertised(), gateway="", as_object=True)
        clean(story, net.bare, count=4)
        yield story

        story = self._story(SCENARIO_1, 90 * MINUTE, gateway=SOUTH, model=DEPTH)
        # Two proxies of one canonical wallet: a change between them is no swap.
        story.startup(net.twin_a)
        at = samples(story, net.twin_a, 3, after_ms=story.start_ms)
        at = samples(story, net.twin_b, 3, after_ms=at)
        story.trace("gateway_receive_first_data_segment", at + SECOND, net.twin_b, skew_ms=5)
        story.close(at + 4 * SECOND)
        yield story

    def _without_orchestrator(self) -> Iterator[Story]:
        story = self._story(SCENARIO_2, 20 * MINUTE)
        refused(story, message="No orchestrators available within 2s timeout")
        story.discovery(story.start_ms + 400, (self._network.farm,))
        yield story
        story = self._story(SCENARIO_2, 125 * MINUTE, gateway=SOUTH)
        refused(story, message=None)
        yield story
        story = self._story(SCENARIO_2, 140 * MINUTE, gateway=SOUTH, model=DEPTH)
        refused(story, message="no orchestrators available")
        story.payment(story.start_ms + 900, self._network.farm, linked=False)
        yield story

    def _swaps(self) -> Iterator[Story]:
        net = self._network
        story = self._story(SCENARIO_3, 30 * MINUTE)
        swapped(story, net.plain, net.other)
        story.payment(story.start_ms + 2_000, net.plain)
        story.payment(story.start_ms + 42_000, net.other)
        yield story
        story = self._story(SCENARIO_3, 3 * HOUR - 40 * SECOND, gateway=SOUTH)  # crosses midnight and the month's end
        swapped(story, net.other, net.plain, told=False)
        yield story
        story = self._story(SCENARIO_3, 3 * HOUR + 10 * MINUTE)
        swapped(story, net.first_host, net.plain, back=True)
        yield story

    def _parameter_updates(self) -> Iterator[Story]:
        story = self._story(SCENARIO_4, 40 * MINUTE)
        updated(story, self._network.plain)
        for number in range(1, 4):
            story.ingest(story.start_ms + number * 5 * SECOND, audio=False)
        yield story
        story = self._story(SCENARIO_4, 3 * HOUR + 20 * MINUTE, gateway=SOUTH, model=V2V)
        updated(story, self._network.farm, updates=2)
        yield story

    def _everything_else(self) -> Iterator[Story]:
        net = self._network
        story = self._story(SCENARIO_5, 50 * MINUTE)
        clean(story, net.plain, fps=7.0)
        yield story
        story = self._story(SCENARIO_5, 3 * HOUR + 30 * MINUTE)
        timed_out(story, "segment upload failed: connection reset by peer")
        yield story
        story = self._story(SCENARIO_5, 3 * HOUR + 35 * MINUTE, gateway=SOUTH)
        timed_out(story, "No orchestrators available within 2s timeout")
        yield story
        story = self._story(SCENARIO_5, 3 * HOUR + 40 * MINUTE, model=DEPTH)
        # Playable, but never a frame: zero is evidence, and it is kept.
        story.startup(net.farm)
        for number in range(1, 5):
            story.status(story.start_ms + number * 10 * SECOND, net.farm, 0.0, state="DEGRADED_INFERENCE")
        story.close(story.start_ms + 45 * SECOND)
        yield story
        story = self._story(SCENARIO_5, 3 * HOUR + 45 * MINUTE, gateway=SOUTH)
        # Never more than loading; the start time is missing from the first sample.
        story.trace("gateway_receive_stream_request", story.start_ms, skew_ms=None)
        story.trace("gateway_send_first_ingest_segment", story.start_ms + 700, net.plain)
        story.status(story.start_ms + 10 * SECOND, net.plain, 0.0, state="LOADING", change={"start_time": None})
        story.status(story.start_ms + 20 * SECOND, net.plain, 0.0, state="LOADING", digits=True)
        story.notice("error", story.start_ms + 24 * SECOND, "ICE connection state failed")
        story.close(story.start_ms + 25 * SECOND)
        yield story
        story = self._story(SCENARIO_5, 3 * HOUR + 50 * MINUTE)
        # A success too short for any sample.
        story.close(story.startup(net.plain) + 900)
        yield story

    def _long_with_rejects(self) -> Story:
        """Return a success of many samples, one of them in trouble, with a dead letter and a duplicate among them."""
        story = self._story(SCENARIO_1, 4 * HOUR)
        clean(story, self._network.other, count=12)
        at = story.start_ms + 65 * SECOND
        data = story.status_data(at, self._network.other, GOOD_FPS)
        trouble = {"last_error": "decoder stalled", "last_error_time": at - 3 * SECOND, "restart_count": 1}
        inference = {**data["inference_status"], **trouble}
        sample = story.status(at, self._network.other, GOOD_FPS, change={"inference_status": inference})
        again(story, sample, 1)
        payment = story.payment_data(self._network.other)
        del payment["faceValue"]
        story.add("create_new_payment", at, payment, gateway="", expect=malformed("missing_field"))
        return story


def golden_stories(seed: int) -> Iterator[Story]:
    """Yield the sessions of the golden set."""
    return GoldenSet(seed).stories()
