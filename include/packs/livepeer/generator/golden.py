"""The golden set: clean sessions over scenarios 1 to 5 and all seven families, one dead letter and one duplicate.

The set gives every column of every table a value that a damage changes, as `streamproof prove --coverage` requires.
"""

from __future__ import annotations

from collections.abc import Iterator

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
from packs.livepeer.generator.seeded_random import BASE_MS, DAY, HOUR, MINUTE, SECOND, SeededRandom
from packs.livepeer.generator.session_builder import SessionBuilder

NORTH, SOUTH = GATEWAYS


class GoldenSet:
    """Builds the golden sessions one by one. They share a network and one early capability event."""

    def __init__(self, rng: SeededRandom, *, base_ms: int = BASE_MS, network: Network | None = None) -> None:
        """Begin the sessions at `base_ms`, in Unix milliseconds. Without a network, one is generated."""
        self._rng, self._base_ms = rng, base_ms
        self._network: Network = network or build_network(rng)
        self._shared: Line | None = None

    def builders(self) -> Iterator[SessionBuilder]:
        """Yield the sessions."""
        yield from self._clean_successes()
        yield from self._without_orchestrator()
        yield from self._swaps()
        yield from self._parameter_updates()
        yield from self._everything_else()
        yield self._long_with_rejects()

    def _session(self, scenario: str, after_ms: int, *, gateway: str = NORTH, model: str = FACES) -> SessionBuilder:
        """Start a session with the capability event that every file of the set contains."""
        builder = SessionBuilder(self._rng, scenario, self._base_ms + after_ms, gateway, model)
        if self._shared is None:
            self._shared = builder.capabilities(self._base_ms, self._network.everyone)
        else:
            builder.repeat(self._shared)
        return builder

    def _clean_successes(self) -> Iterator[SessionBuilder]:
        net = self._network
        builder = self._session(SCENARIO_1, 10 * MINUTE)
        # One event is older than the attribution's lifetime, one comes after the session began. Neither may count.
        builder.capabilities(builder.start_ms - DAY - 6 * HOUR, (net.other,))
        builder.capabilities(builder.start_ms + 20 * SECOND, (net.plain,))
        end = clean(builder, net.plain)
        # A WebRTC stream reports an error even when it ends normally.
        builder.notice("error", end - 40, "mediamtx ingest disconnected")
        for number in range(1, 12):
            builder.ingest(builder.start_ms + number * 5 * SECOND + 50, audio=number % 4 != 0)
        builder.payment(builder.start_ms + 1_500, net.plain)
        builder.payment(builder.start_ms + 31_500, net.plain)
        builder.discovery(builder.start_ms - 300, (net.plain, net.other, net.without_gpu))
        yield builder

        builder = self._session(SCENARIO_1, 59 * MINUTE + 30 * SECOND)  # crosses 22:00
        builder.startup(net.second_host, spelling="upper")
        for number in range(1, 7):
            change = {"start_time": builder.start_ms - 25 * MINUTE}
            at = builder.start_ms + number * 10 * SECOND
            builder.status(at, net.second_host, builder.rng.around(18, 2), spelling="lower", change=change)
        builder.close(builder.start_ms + 66 * SECOND)
        yield builder

        builder = self._session(SCENARIO_1, 75 * MINUTE, gateway=SOUTH, model=V2V)
        # The capability event is one object instead of an array, has the exact time of the first signal, and names
        # an orchestrator without hardware.
        builder.add(FIRST_FAMILY, builder.start_ms, net.without_gpu.advertised(), gateway="", as_object=True)
        clean(builder, net.without_gpu, count=4)
        yield builder

        builder = self._session(SCENARIO_1, 90 * MINUTE, gateway=SOUTH, model=DEPTH)
        # Two proxies of one canonical wallet: a change between them is no swap.
        builder.startup(net.same_wallet_a)
        at = samples(builder, net.same_wallet_a, 3, after_ms=builder.start_ms)
        at = samples(builder, net.same_wallet_b, 3, after_ms=at)
        builder.trace("gateway_receive_first_data_segment", at + SECOND, net.same_wallet_b, skew_ms=5)
        builder.close(at + 4 * SECOND)
        yield builder

    def _without_orchestrator(self) -> Iterator[SessionBuilder]:
        builder = self._session(SCENARIO_2, 20 * MINUTE)
        refused(builder, message="No orchestrators available within 2s timeout")
        builder.discovery(builder.start_ms + 400, (self._network.farm,))
        yield builder
        builder = self._session(SCENARIO_2, 125 * MINUTE, gateway=SOUTH)
        refused(builder, message=None)
        yield builder
        builder = self._session(SCENARIO_2, 140 * MINUTE, gateway=SOUTH, model=DEPTH)
        refused(builder, message="no orchestrators available")
        builder.payment(builder.start_ms + 900, self._network.farm, linked=False)
        yield builder

    def _swaps(self) -> Iterator[SessionBuilder]:
        net = self._network
        builder = self._session(SCENARIO_3, 30 * MINUTE)
        swapped(builder, net.plain, net.other)
        builder.payment(builder.start_ms + 2_000, net.plain)
        builder.payment(builder.start_ms + 42_000, net.other)
        yield builder
        builder = self._session(
            SCENARIO_3, 3 * HOUR - 40 * SECOND, gateway=SOUTH
        )  # crosses midnight and the month's end
        swapped(builder, net.other, net.plain, announced=False)
        yield builder
        builder = self._session(SCENARIO_3, 3 * HOUR + 10 * MINUTE)
        swapped(builder, net.first_host, net.plain, back=True)
        yield builder

    def _parameter_updates(self) -> Iterator[SessionBuilder]:
        builder = self._session(SCENARIO_4, 40 * MINUTE)
        updated(builder, self._network.plain)
        for number in range(1, 4):
            builder.ingest(builder.start_ms + number * 5 * SECOND, audio=False)
        yield builder
        builder = self._session(SCENARIO_4, 3 * HOUR + 20 * MINUTE, gateway=SOUTH, model=V2V)
        updated(builder, self._network.farm, updates=2)
        yield builder

    def _everything_else(self) -> Iterator[SessionBuilder]:
        net = self._network
        builder = self._session(SCENARIO_5, 50 * MINUTE)
        clean(builder, net.plain, fps=7.0)
        yield builder
        builder = self._session(SCENARIO_5, 3 * HOUR + 30 * MINUTE)
        timed_out(builder, "segment upload failed: connection reset by peer")
        yield builder
        builder = self._session(SCENARIO_5, 3 * HOUR + 35 * MINUTE, gateway=SOUTH)
        timed_out(builder, "No orchestrators available within 2s timeout")
        yield builder
        builder = self._session(SCENARIO_5, 3 * HOUR + 40 * MINUTE, model=DEPTH)
        # Playable, but without a single frame: an FPS of zero is evidence and must be kept.
        builder.startup(net.farm)
        for number in range(1, 5):
            builder.status(builder.start_ms + number * 10 * SECOND, net.farm, 0.0, state="DEGRADED_INFERENCE")
        builder.close(builder.start_ms + 45 * SECOND)
        yield builder
        builder = self._session(SCENARIO_5, 3 * HOUR + 45 * MINUTE, gateway=SOUTH)
        # The session never gets beyond LOADING, and its first sample has no start time.
        builder.trace("gateway_receive_stream_request", builder.start_ms, skew_ms=None)
        builder.trace("gateway_send_first_ingest_segment", builder.start_ms + 700, net.plain)
        builder.status(builder.start_ms + 10 * SECOND, net.plain, 0.0, state="LOADING", change={"start_time": None})
        builder.status(builder.start_ms + 20 * SECOND, net.plain, 0.0, state="LOADING", digits=True)
        builder.notice("error", builder.start_ms + 24 * SECOND, "ICE connection state failed")
        builder.close(builder.start_ms + 25 * SECOND)
        yield builder
        builder = self._session(SCENARIO_5, 3 * HOUR + 50 * MINUTE)
        # A success too short for any sample.
        builder.close(builder.startup(net.plain) + 900)
        yield builder

    def _long_with_rejects(self) -> SessionBuilder:
        """Return a success of many samples, one of them in trouble, with a dead letter and a duplicate among them."""
        builder = self._session(SCENARIO_1, 4 * HOUR)
        clean(builder, self._network.other, count=12)
        at = builder.start_ms + 65 * SECOND
        data = builder.status_data(at, self._network.other, GOOD_FPS)
        trouble = {"last_error": "decoder stalled", "last_error_time": at - 3 * SECOND, "restart_count": 1}
        inference = {**data["inference_status"], **trouble}
        sample = builder.status(at, self._network.other, GOOD_FPS, change={"inference_status": inference})
        again(builder, sample, 1)
        payment = builder.payment_data(self._network.other)
        del payment["faceValue"]
        builder.add("create_new_payment", at, payment, gateway="", expect=malformed("missing_field"))
        return builder


def golden_sessions(seed: int) -> Iterator[SessionBuilder]:
    """Yield the sessions of the golden set."""
    return GoldenSet(SeededRandom(f"golden {seed}")).builders()
