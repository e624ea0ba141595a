"""Large clean sets for benchmarks: many sessions side by side, told one at a time so that memory stays flat."""

from __future__ import annotations

from collections.abc import Iterator

from packs.livepeer.generator.dice import BASE_MS, MINUTE, SECOND, Dice
from packs.livepeer.generator.network import FACES, GATEWAYS, Network, build_network
from packs.livepeer.generator.scenarios import (
    SCENARIO_1,
    SCENARIO_2,
    SCENARIO_3,
    SCENARIO_4,
    SCENARIO_5,
    clean,
    refused,
    samples,
    swapped,
    updated,
)
from packs.livepeer.generator.story import Story

# A session of scenario 1 has this many health samples, hence about a hundred events; the last one fills up the set.
SAMPLES = 92
MILESTONES = 7
SPACING = 5 * SECOND
# A capability event stands in the first of so many files: 30 minutes, well within the attribution's time to live.
CAPABILITY_EVERY = 360
LONGEST_OTHER = 25
# A session lasts a quarter of an hour, so nearly two hundred run at a time, most of them on two hosts.
CAPACITY = 200


def load_stories(events: int, seed: int) -> Iterator[Story]:
    """Yield sessions that publish exactly `events` records. Raises ValueError for fewer than one session has."""
    if events <= MILESTONES + 1:
        raise ValueError(f"A load set needs more than {MILESTONES + 1} events, not {events}.")
    return _stories(events, Dice(f"load {seed}"))


def _stories(events: int, dice: Dice) -> Iterator[Story]:
    network, left, number = build_network(dice, capacity=CAPACITY), events, 0
    while left:
        last = left <= SAMPLES + MILESTONES + 1 + max(LONGEST_OTHER, MILESTONES + 2)
        story = _one(dice, network, number, fill=left if last else None)
        left -= len(story.lines)
        number += 1
        yield story


def _one(dice: Dice, network: Network, number: int, *, fill: int | None) -> Story:
    """Tell one session; `fill` is how many events the last one must have."""
    kind = SCENARIO_1 if fill else _KINDS[number % len(_KINDS)]
    story = Story(dice, kind, BASE_MS + number * SPACING, GATEWAYS[number % 2], FACES)
    if number % CAPABILITY_EVERY == 0:
        story.capabilities(story.start_ms - MINUTE, network.everyone)
    if fill:
        clean(story, network.plain, count=fill - len(story.lines) - MILESTONES)
    elif kind == SCENARIO_2:
        refused(story)
    elif kind == SCENARIO_3:
        swapped(story, network.plain, network.other)
    elif kind == SCENARIO_4:
        updated(story, network.other)
    elif kind == SCENARIO_5:
        story.close(samples(story, network.plain, 12, after_ms=story.startup(network.plain), fps=6.0))
    else:
        clean(story, network.first_host if number % 3 else network.second_host, count=SAMPLES)
    return story


# Of twenty sessions, sixteen are clean: the mix of a good day.
_KINDS = (*(SCENARIO_1,) * 16, SCENARIO_2, SCENARIO_3, SCENARIO_4, SCENARIO_5)
