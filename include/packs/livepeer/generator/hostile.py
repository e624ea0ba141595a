"""The hostile set: clean sessions, and among their events every kind of record that must not be accepted as it is.

The rejects change nothing about the sessions around them: each session keeps its scenario.
"""

from __future__ import annotations

from collections.abc import Iterator

from packs.livepeer.generator.dice import BASE_MS, HOUR, MINUTE, SECOND, Dice
from packs.livepeer.generator.network import DEPTH, FACES, GATEWAYS, V2V, Network, build_network
from packs.livepeer.generator.rejects import (
    broken_envelopes,
    duplicates,
    ignored_traffic,
    missing_fields,
    oddities,
    unparseable,
)
from packs.livepeer.generator.scenarios import (
    SCENARIO_1,
    SCENARIO_2,
    SCENARIO_3,
    SCENARIO_4,
    SCENARIO_5,
    clean,
    refused,
    swapped,
    updated,
)
from packs.livepeer.generator.story import Story

NORTH, SOUTH = GATEWAYS


def hostile_stories(seed: int) -> Iterator[Story]:
    """Yield the sessions of the hostile set."""
    dice = Dice(f"hostile {seed}")
    network = build_network(dice)

    story = _story(dice, network, SCENARIO_1, 5 * MINUTE, FACES)
    clean(story, network.plain)
    broken_envelopes(story)
    yield story

    story = _story(dice, network, SCENARIO_2, 15 * MINUTE, FACES)
    refused(story)
    missing_fields(story, network)
    yield story

    story = _story(dice, network, SCENARIO_3, 25 * MINUTE, FACES)
    swapped(story, network.first_host, network.plain)
    duplicates(story, network)
    yield story

    story = _story(dice, network, SCENARIO_4, 35 * MINUTE, V2V, gateway=SOUTH)
    updated(story, network.farm, updates=2)
    ignored_traffic(story)
    yield story

    story = _story(dice, network, SCENARIO_5, 45 * MINUTE, FACES)
    clean(story, network.plain, fps=6.5)
    unparseable(story, network)
    yield story

    story = _story(dice, network, SCENARIO_1, 55 * MINUTE, DEPTH, gateway=SOUTH)
    oddities(story, network)
    yield story

    yield _unattributed(dice, network)


def _story(dice: Dice, network: Network, scenario: str, after_ms: int, model: str, *, gateway: str = NORTH) -> Story:
    story = Story(dice, scenario, BASE_MS + after_ms, gateway, model)
    story.capabilities(story.start_ms - 2 * MINUTE, network.everyone)
    return story


def _unattributed(dice: Dice, network: Network) -> Story:
    """Tell a success on an orchestrator that is advertised only after the session has ended: it has no wallet."""
    late = build_network(Dice(f"late {network.plain.wallet}")).plain
    story = Story(dice, SCENARIO_5, BASE_MS + 5 * HOUR, NORTH, FACES)
    story.capabilities(story.start_ms - MINUTE, (network.other,))
    end = clean(story, late, count=2, fps=9.0)
    story.capabilities(end + 10 * SECOND, (late,))
    return story
