"""Sets of any size with the statistics of the golden set: its sessions again and again, with other ids and times.

So the mix of scenarios, the cadence of health samples, the rows of an event, rejects and duplicates are those of the
golden set. Only one repetition is in memory.
"""

from __future__ import annotations

from collections.abc import Iterator

from packs.livepeer.generator.golden import GoldenSet
from packs.livepeer.generator.lines import FIRST_FAMILY
from packs.livepeer.generator.load import CAPACITY, MILESTONES
from packs.livepeer.generator.network import FACES, GATEWAYS, Network, build_network
from packs.livepeer.generator.scenarios import SCENARIO_1, clean
from packs.livepeer.generator.seeded_random import BASE_MS, SECOND, SeededRandom
from packs.livepeer.generator.session_builder import SessionBuilder

# A repetition begins so long after the one before. Each lasts four hours, so that many of them run at a time.
SPACING = 30 * SECOND
# A last session with fewer events would not be a success.
SMALLEST = MILESTONES + 1


def volume_sessions(events: int, seed: int) -> Iterator[SessionBuilder]:
    """Yield sessions that publish exactly `events` records. Raises ValueError for too few to make one session."""
    if events <= SMALLEST:
        raise ValueError(f"A volume set needs more than {SMALLEST} events, not {events}.")
    return _sessions(events, seed)


def _sessions(events: int, seed: int) -> Iterator[SessionBuilder]:
    network, left, number = build_network(SeededRandom(f"volume {seed}"), capacity=CAPACITY), events, 0
    while True:
        rng = SeededRandom(f"volume {seed} {number}")
        base_ms = BASE_MS + number * SPACING
        builders = list(GoldenSet(rng, base_ms=base_ms, network=network).builders())
        size = _records(builders)
        if left < size + SMALLEST + 1:
            yield from _last(SeededRandom(f"volume {seed} last"), network, base_ms, left)
            return
        yield from builders
        left -= size
        number += 1


def _last(rng: SeededRandom, network: Network, start_ms: int, events: int) -> Iterator[SessionBuilder]:
    """Yield one clean session with the events that a whole repetition would exceed."""
    builder = SessionBuilder(rng, SCENARIO_1, start_ms, GATEWAYS[0], FACES)
    builder.capabilities(start_ms - SECOND, network.everyone)
    clean(builder, network.plain, count=events - MILESTONES - 1)
    yield builder


def _records(builders: list[SessionBuilder]) -> int:
    """Return how many records the sessions publish. A capability event that several files have is published once."""
    lines = [line for builder in builders for line in builder.lines]
    shared = [line.event_id for line in lines if line.family == FIRST_FAMILY and line.expect is None]
    return len(lines) - len(shared) + len(set(shared))
