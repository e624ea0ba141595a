"""Which canonical wallet stands behind the orchestrator that a signal names."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import NamedTuple

from packs.livepeer.oracle.evidence import Signal, Snapshot

# A snapshot counts in full up to this distance in time from the signal, in ms.
TTL_MS = 24 * 3600 * 1000
# How much later than the signal's publication a snapshot may have been published and still be used, in ms.
FUTURE_SKEW_MS = 0


class Attribution(NamedTuple):
    """The canonical wallet of a signal's orchestrator; model and pipeline are blank where they are not known."""

    canonical: str
    model: str
    pipeline: str


class Offer(NamedTuple):
    """What stands in one or more snapshots alike."""

    canonical: str
    uri: str
    model: str
    pipeline: str


class Wallets:
    """All snapshots of a set of events, by the wallets under which signals may name an orchestrator."""

    def __init__(self, snapshots: Iterable[Snapshot]) -> None:
        self._times: dict[str, list[int]] = {}
        self._offers: dict[str, dict[Offer, list[int]]] = {}
        for snapshot in sorted(set(snapshots)):
            offer = Offer(snapshot.canonical, snapshot.uri, snapshot.model, snapshot.pipeline)
            for wallet in {snapshot.local, snapshot.canonical} - {""}:
                self._times.setdefault(wallet, []).append(snapshot.time)
                self._offers.setdefault(wallet, {}).setdefault(offer, []).append(snapshot.time)
        self._answers: dict[tuple[object, ...], Attribution | None] = {}

    def attribute(self, signal: Signal, hint: str) -> Attribution | None:
        """Return who stands behind the orchestrator that a signal names; None when that cannot be said.

        `hint` is the model that the session's events have named so far, blank when none has.
        """
        times = self._times.get(signal.address, [])
        known = bisect_right(times, signal.published + FUTURE_SKEW_MS)
        if known == 0:
            return None
        # An answer depends on the signal's time only through its place among the wallet's snapshot times.
        moments = (signal.time - TTL_MS - 1, signal.time - 1, signal.time, signal.time + TTL_MS)
        case = (signal.address, signal.url, hint, known, *(bisect_right(times, moment) for moment in moments))
        if case not in self._answers:
            self._answers[case] = _decide(self._known_offers(signal.address, times[known - 1]), signal, hint.lower())
        return self._answers[case]

    def _known_offers(self, wallet: str, newest: int) -> dict[Offer, list[int]]:
        """Return the offers of a wallet, with their times, up to its newest known snapshot and not long before it."""
        spans = {
            offer: seen[bisect_left(seen, newest - 2 * TTL_MS) : bisect_right(seen, newest)]
            for offer, seen in self._offers[wallet].items()
        }
        return {offer: seen for offer, seen in spans.items() if seen}


def _decide(offers: dict[Offer, list[int]], signal: Signal, model: str) -> Attribution | None:
    """Narrow the offers of one wallet step by step; more than one canonical wallet at the end is no answer."""
    at_url = {offer: times for offer, times in offers.items() if signal.url and offer.uri == signal.url} or offers
    compatible = [offer for offer in at_url if not model or offer.model.lower() in ("", model)]
    exact = [offer for offer in compatible if model and offer.model] or compatible
    ranks = {offer: _rank(at_url[offer], signal.time) for offer in exact}
    fresh = {offer: rank for offer, rank in ranks.items() if rank is not None}
    if len({offer.canonical for offer in fresh or exact}) != 1:
        return None
    if not fresh:
        # Too old to say what the host offers now, but wallets keep their owner: identity only.
        return Attribution(exact[0].canonical, "", "")
    best = min(fresh, key=lambda offer: (fresh[offer], offer.model, offer.pipeline))
    return Attribution(best.canonical, best.model, best.pipeline)


def _rank(times: list[int], moment: int) -> tuple[int, int, int] | None:
    """Rank an offer by its best snapshot within 24 h: at this very time, else earlier, else later; the nearest."""
    after = bisect_right(times, moment)
    if after and moment - times[after - 1] <= TTL_MS:
        return (0 if times[after - 1] == moment else 1), moment - times[after - 1], -times[after - 1]
    if after < len(times) and times[after] - moment <= TTL_MS:
        return 2, times[after] - moment, -times[after]
    return None
