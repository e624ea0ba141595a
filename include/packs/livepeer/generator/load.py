"""Large clean sets for benchmarks: many sessions side by side, built one at a time so that memory stays flat."""

from __future__ import annotations

from collections.abc import Iterator

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
from packs.livepeer.generator.seeded_random import BASE_MS, MINUTE, SECOND, SeededRandom
from packs.livepeer.generator.session_builder import SessionBuilder

# A session of scenario 1 has this many health samples, hence about a hundred events; the last one fills up the set.
SAMPLES = 92
MILESTONES = 7
SPACING = 5 * SECOND
# A capability event stands in the first of so many files: 30 minutes, well within the attribution's time to live.
CAPABILITY_EVERY = 360
LONGEST_OTHER = 25
# A session lasts a quarter of an hour, so nearly two hundred run at a time, most of them on two hosts.
CAPACITY = 200


def load_stories(events: int, seed: int) -> Iterator[SessionBuilder]:
    """Yield sessions that publish exactly `events` records. Raises ValueError for fewer than one session has."""
    if events <= MILESTONES + 1:
        raise ValueError(f"A load set needs more than {MILESTONES + 1} events, not {events}.")
    return _stories(events, SeededRandom(f"load {seed}"))


def _stories(events: int, rng: SeededRandom) -> Iterator[SessionBuilder]:
    network, left, number = build_network(rng, capacity=CAPACITY), events, 0
    while left:
        last = left <= SAMPLES + MILESTONES + 1 + max(LONGEST_OTHER, MILESTONES + 2)
        builder = _one(rng, network, number, fill=left if last else None)
        left -= len(builder.lines)
        number += 1
        yield builder


def _one(rng: SeededRandom, network: Network, number: int, *, fill: int | None) -> SessionBuilder:
    """Build one session; `fill` is how many events the last one must have."""
    kind = SCENARIO_1 if fill else _KINDS[number % len(_KINDS)]
    builder = SessionBuilder(rng, kind, BASE_MS + number * SPACING, GATEWAYS[number % 2], FACES)
    if number % CAPABILITY_EVERY == 0:
        builder.capabilities(builder.start_ms - MINUTE, network.everyone)
    if fill:
        clean(builder, network.plain, count=fill - len(builder.lines) - MILESTONES)
    elif kind == SCENARIO_2:
        refused(builder)
    elif kind == SCENARIO_3:
        swapped(builder, network.plain, network.other)
    elif kind == SCENARIO_4:
        updated(builder, network.other)
    elif kind == SCENARIO_5:
        builder.close(samples(builder, network.plain, 12, after_ms=builder.startup(network.plain), fps=6.0))
    else:
        clean(builder, network.first_host if number % 3 else network.second_host, count=SAMPLES)
    return builder


# Of twenty sessions, sixteen are clean: the mix of a good day.
_KINDS = (*(SCENARIO_1,) * 16, SCENARIO_2, SCENARIO_3, SCENARIO_4, SCENARIO_5)
