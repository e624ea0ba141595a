"""Finds the canonical wallet of the orchestrator that a signal names."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from packs.livepeer.oracle.evidence import Signal
from packs.livepeer.oracle.snapshots import Snapshot

# The lifetime of a snapshot, in ms before the signal's publication. An older one gives only the wallet.
TTL_MS = 24 * 3600 * 1000
# How much later than the signal's publication a snapshot may be stamped and still be used, in ms: clocks differ a bit.
FUTURE_SKEW_MS = 1_000

# The time of a snapshot relative to a signal; smaller is better.
_SAME, _EARLIER, _LATER, _STALE = range(4)

# (method, confidence) of an attribution, by the time of the nearest snapshot relative to the signal.
_METHODS = {
    _SAME: ("exact_orchestrator_time_match", 1.0),
    _EARLIER: ("nearest_prior_snapshot", 0.9),
    _LATER: ("nearest_snapshot_within_ttl", 0.7),
    _STALE: ("proxy_address_join", 0.4),
}


class Attribution(NamedTuple):
    """The canonical wallet of a signal's orchestrator. Other fields may be unknown: blank, or None for the GPU.

    `url` is written as in the snapshot. `method` and `confidence` are those of spec/pipeline.md §8.4. `stale`: the
    snapshot is so old that it gives only the wallet.
    """

    canonical: str
    model: str
    pipeline: str
    url: str
    gpu: str | None
    method: str
    confidence: float
    stale: bool


NOBODY = Attribution("", "", "", "", None, "none", 0.0, stale=False)


class Offer(NamedTuple):
    """The content that several snapshots may have in common."""

    canonical: str
    uri: str
    model: str
    pipeline: str
    written_uri: str
    gpu: str | None


class _Seen(NamedTuple):
    """When an offer was seen: (time, sequence) pairs in order, and the times alone."""

    moments: list[tuple[int, int]]
    times: list[int]

    @classmethod
    def of(cls, snapshots: Iterable[Snapshot]) -> _Seen:
        moments = sorted((snapshot.time, snapshot.sequence) for snapshot in snapshots)
        return cls(moments, [time for time, _ in moments])


class Wallets:
    """All snapshots of a set of events, by the wallets under which signals may name an orchestrator."""

    def __init__(self, snapshots: Iterable[Snapshot]) -> None:
        found: dict[str, dict[Offer, list[Snapshot]]] = {}
        for snapshot in set(snapshots):
            _, _, canonical, _, uri, model, pipeline, written, gpu = snapshot
            offer = Offer(canonical, uri, model, pipeline, written, gpu)
            for wallet in {snapshot.local, snapshot.canonical} - {""}:
                found.setdefault(wallet, {}).setdefault(offer, []).append(snapshot)
        self._offers = {
            wallet: {offer: _Seen.of(seen) for offer, seen in offers.items()} for wallet, offers in found.items()
        }
        everything = {wallet: [one for seen in offers.values() for one in seen] for wallet, offers in found.items()}
        self._times = {wallet: _Seen.of(seen).times for wallet, seen in everything.items()}
        self._sequences = {wallet: sorted(one.sequence for one in seen) for wallet, seen in everything.items()}
        self._answers: dict[tuple[object, ...], Attribution | None] = {}

    def attribute(self, signal: Signal, hint: str) -> Attribution | None:
        """Return the attribution of a signal, None when it cannot be resolved.

        `hint` is the model of the signal or of its session so far, blank when there is none.
        """
        times = self._times.get(signal.address)
        if times is None:
            return None
        # The signal's time matters only relative to the times of the snapshots, so its position among them is cached.
        at = signal.published
        moments = (at - TTL_MS - 1, at - 1, at, at + FUTURE_SKEW_MS)
        positions = [bisect_right(times, moment) for moment in moments]
        published = bisect_left(self._sequences[signal.address], signal.sequence)
        case = (signal.address, signal.url, hint, published, *positions)
        if case not in self._answers:
            self._answers[case] = _decide(self._offers[signal.address], signal, hint.lower())
        return self._answers[case]


def _decide(offers: Mapping[Offer, _Seen], signal: Signal, model: str) -> Attribution | None:
    """Narrow the offers of one wallet step by step. Several canonical wallets at the end give no attribution."""
    ranks = {offer: rank for offer, seen in offers.items() if (rank := _rank(seen, signal)) is not None}
    compatible = [offer for offer in ranks if not model or offer.model.lower() in ("", model)]
    owners = {offer.canonical for offer in ranks if signal.url and offer.uri == signal.url}
    at_url = [offer for offer in compatible if offer.uri == signal.url]
    if owners:
        compatible = at_url or [offer for offer in compatible if offer.canonical in owners]
    if model:
        compatible = [offer for offer in compatible if offer.model] or compatible
    fresh = [offer for offer in compatible if ranks[offer][0] <= _EARLIER]
    fresh = fresh or [offer for offer in compatible if ranks[offer][0] == _LATER]
    if len({offer.canonical for offer in fresh or compatible}) != 1:
        return None
    if not fresh:
        # The offers of a host change, but a wallet keeps its owner: an old snapshot gives the wallet only.
        return Attribution(compatible[0].canonical, "", "", "", None, *_METHODS[_STALE], stale=True)
    # The hardware of another host than the named one cannot have served the signal.
    return _of_nearest(fresh, ranks, has_hardware=bool(at_url) or not owners)


def _of_nearest(fresh: list[Offer], ranks: Mapping[Offer, tuple[int, int]], *, has_hardware: bool) -> Attribution:
    """Return the fields on which the nearest snapshots of all URLs agree."""
    best: dict[str, tuple[int, int]] = {}
    for offer in fresh:
        best[offer.uri] = min(best.get(offer.uri, ranks[offer]), ranks[offer])
    nearest = [offer for offer in fresh if ranks[offer] == best[offer.uri]]
    gpus = {offer.gpu for offer in nearest}
    return Attribution(
        nearest[0].canonical,
        _only(offer.model for offer in nearest),
        _only(offer.pipeline for offer in nearest),
        _only(offer.written_uri for offer in nearest),
        gpus.pop() if has_hardware and len(gpus) == 1 else None,
        *_METHODS[min(ranks[offer][0] for offer in nearest)],
        stale=False,
    )


def _rank(seen: _Seen, signal: Signal) -> tuple[int, int] | None:
    """Return (relative time, distance in ms) of an offer's best snapshot; smaller is better.

    None when every snapshot was published after the signal, or is stamped later than the skew allows.
    """
    at = signal.published
    position = bisect_right(seen.times, at)
    before = (
        time
        for time, sequence in (seen.moments[index] for index in range(position - 1, -1, -1))
        if sequence < signal.sequence
    )
    age = next((at - time for time in before), None)
    if age is not None and age <= TTL_MS:
        return (_EARLIER if age else _SAME), age
    soon = seen.moments[position : bisect_right(seen.times, at + FUTURE_SKEW_MS)]
    ahead = next((time - at for time, sequence in soon if sequence < signal.sequence), None)
    if ahead is not None:
        return _LATER, ahead
    return None if age is None else (_STALE, age)


def _only(values: Iterable[str]) -> str:
    """Return the only text that is not blank; blank when there are none or several."""
    distinct = {value for value in values if value}
    return distinct.pop() if len(distinct) == 1 else ""


def pipeline_beside(model: str, pipeline: str) -> str:
    """Return a pipeline, blank when it only repeats the model's name."""
    return "" if pipeline.lower() == model.lower() else pipeline
