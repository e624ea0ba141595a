"""Large clean sets for benchmarks: many overlapping sessions, built one at a time to keep memory use constant."""

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

# Health samples of a session of scenario 1, which gives about a hundred events. The last session fills up the set.
SAMPLES = 92
MILESTONES = 7
SPACING = 5 * SECOND
# One session in so many has a capability event: every 30 minutes, well within the attribution's lifetime.
CAPABILITY_EVERY = 360
# No session of the other scenarios has more events than this.
LONGEST_OTHER = 25
# Streams that a host offers. A session lasts 15 minutes, so nearly 200 run at a time, most of them on two hosts.
CAPACITY = 200


def load_sessions(events: int, seed: int) -> Iterator[SessionBuilder]:
    """Yield sessions with exactly `events` records in total. Raises ValueError for too few to make one session."""
    if events <= MILESTONES + 1:
        raise ValueError(f"A load set needs more than {MILESTONES + 1} events, not {events}.")
    return _sessions(events, SeededRandom(f"load {seed}"))


def _sessions(events: int, rng: SeededRandom) -> Iterator[SessionBuilder]:
    network, left, number = build_network(rng, capacity=CAPACITY), events, 0
    while left:
        last = left <= SAMPLES + MILESTONES + 1 + max(LONGEST_OTHER, MILESTONES + 2)
        builder = _one(rng, network, number, fill=left if last else None)
        left -= len(builder.lines)
        number += 1
        yield builder


def _one(rng: SeededRandom, network: Network, number: int, *, fill: int | None) -> SessionBuilder:
    """Build one session. `fill` is the exact number of events of the last session, None for the others."""
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


# Sixteen of twenty sessions are clean, as on a day without trouble.
_KINDS = (*(SCENARIO_1,) * 16, SCENARIO_2, SCENARIO_3, SCENARIO_4, SCENARIO_5)
