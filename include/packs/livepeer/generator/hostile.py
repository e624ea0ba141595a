"""The hostile set: clean sessions with every kind of reject, duplicate and ignored record among their events.

The rejects do not affect the sessions: each session keeps its scenario.
"""

from __future__ import annotations

from collections.abc import Iterator

from packs.livepeer.generator.network import DEPTH, FACES, GATEWAYS, V2V, Network, build_network
from packs.livepeer.generator.rejects import (
    broken_envelopes,
    duplicates,
    ignored_traffic,
    missing_fields,
    unparseable,
    unusual_values,
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
from packs.livepeer.generator.seeded_random import BASE_MS, HOUR, MINUTE, SECOND, SeededRandom
from packs.livepeer.generator.session_builder import SessionBuilder

NORTH, SOUTH = GATEWAYS


def hostile_sessions(seed: int) -> Iterator[SessionBuilder]:
    """Yield the sessions of the hostile set."""
    rng = SeededRandom(f"hostile {seed}")
    network = build_network(rng)

    builder = _session(rng, network, SCENARIO_1, 5 * MINUTE, FACES)
    clean(builder, network.plain)
    broken_envelopes(builder)
    yield builder

    builder = _session(rng, network, SCENARIO_2, 15 * MINUTE, FACES)
    refused(builder)
    missing_fields(builder, network)
    yield builder

    builder = _session(rng, network, SCENARIO_3, 25 * MINUTE, FACES)
    swapped(builder, network.first_host, network.plain)
    duplicates(builder, network)
    yield builder

    builder = _session(rng, network, SCENARIO_4, 35 * MINUTE, V2V, gateway=SOUTH)
    updated(builder, network.farm, updates=2)
    ignored_traffic(builder)
    yield builder

    builder = _session(rng, network, SCENARIO_5, 45 * MINUTE, FACES)
    clean(builder, network.plain, fps=6.5)
    unparseable(builder, network)
    yield builder

    builder = _session(rng, network, SCENARIO_1, 55 * MINUTE, DEPTH, gateway=SOUTH)
    unusual_values(builder, network)
    yield builder

    yield _unattributed(rng, network)


def _session(
    rng: SeededRandom, network: Network, scenario: str, after_ms: int, model: str, *, gateway: str = NORTH
) -> SessionBuilder:
    builder = SessionBuilder(rng, scenario, BASE_MS + after_ms, gateway, model)
    builder.capabilities(builder.start_ms - 2 * MINUTE, network.everyone)
    return builder


def _unattributed(rng: SeededRandom, network: Network) -> SessionBuilder:
    """Build a success without attribution: its orchestrator is advertised only after the session has ended."""
    late = build_network(SeededRandom(f"late {network.plain.wallet}")).plain
    builder = SessionBuilder(rng, SCENARIO_5, BASE_MS + 5 * HOUR, NORTH, FACES)
    builder.capabilities(builder.start_ms - MINUTE, (network.other,))
    end = clean(builder, late, count=2, fps=9.0)
    builder.capabilities(end + 10 * SECOND, (late,))
    return builder
