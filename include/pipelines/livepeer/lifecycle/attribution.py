"""Decides which orchestrator served a signal: status, reason, canonical wallet, and the details that are certain.

An ambiguous signal is not resolved. The answer is never a proxy wallet. A snapshot beyond its lifetime gives only the
canonical wallet.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pipelines.livepeer.identity import host_of

RESOLVED = "resolved"
UNRESOLVED = "unresolved"
AMBIGUOUS = "ambiguous"
STALE = "stale"

MATCHED = "matched"
MISSING_CANDIDATE = "missing_candidate"
AMBIGUOUS_CANDIDATES = "ambiguous_candidates"
STALE_CANDIDATE = "stale_candidate"

# Freshness of a snapshot relative to the signal; smaller is better.
SAME_TIME, EARLIER, LATER, TOO_OLD = range(4)

METHODS: tuple[tuple[str, float], ...] = (
    ("exact_orchestrator_time_match", 1.0),
    ("nearest_prior_snapshot", 0.9),
    ("nearest_snapshot_within_ttl", 0.7),
    ("proxy_address_join", 0.4),
)
NO_METHOD = ("none", 0.0)


class Decision(NamedTuple):
    """The orchestrator that served a signal. Blank text and a GPU of None mean unknown.

    `address` is the canonical wallet, in lower case; blank unless the status is `resolved` or `stale`. `url`,
    `pipeline`, `model` and `gpu` are known only when all relevant snapshots agree on one value. So the GPU of a host
    with several GPUs is unknown.
    """

    status: str
    reason: str
    address: str
    url: str
    pipeline: str
    model: str
    gpu: str | None
    method: str
    confidence: float


# A hint that no capability event can name.
_NOBODYS_MODEL = "\x00"

NOBODY = Decision(UNRESOLVED, MISSING_CANDIDATE, "", "", "", "", None, *NO_METHOD)
UNCLEAR = Decision(AMBIGUOUS, AMBIGUOUS_CANDIDATES, "", "", "", "", None, *NO_METHOD)


class Sighting(NamedTuple):
    """One candidate relative to a signal, with the freshness and the distance (ms) of its nearest snapshot.

    `at_url`: whether the candidate has the URL that the signal names.
    """

    address: str
    url: str
    pipeline: str
    model: str
    gpu: str | None
    freshness: int
    distance_ms: int
    at_url: bool


def decide(sightings: Sequence[Sighting], hint: str) -> Decision:
    """Decide from all sightings under the signal's wallet and the signal's model hint (may be blank).

    The (wallet, URL) pair comes first: when it is known, only its canonical wallets count. Then the model must be
    compatible. An exact model has priority over an unknown one, and a snapshot within its lifetime over an older one.
    """
    pool, same_host = _of_pair(sightings, _compatible(sightings, hint))
    if not pool:
        return NOBODY
    if hint:
        pool = [item for item in pool if item.model] or pool
    fresh = _freshest(pool)
    counted = fresh or pool
    address = _only(item.address for item in counted)
    if not address:
        return UNCLEAR
    if not fresh:
        return Decision(STALE, STALE_CANDIDATE, address, "", "", "", None, *METHODS[TOO_OLD])
    nearest = _nearest_per_host(fresh)
    gpus = {item.gpu or None for item in nearest}
    return Decision(
        RESOLVED,
        MATCHED,
        address,
        _only(item.url for item in nearest),
        _only(item.pipeline for item in nearest),
        _only(item.model for item in nearest),
        gpus.pop() if same_host and len(gpus) == 1 else None,
        *METHODS[min(item.freshness for item in nearest)],
    )


def _freshest(pool: Sequence[Sighting]) -> list[Sighting]:
    """Return the sightings within their lifetime: the earlier ones, or the later ones if there are no earlier ones."""
    earlier = [item for item in pool if item.freshness in {SAME_TIME, EARLIER}]
    return earlier or [item for item in pool if item.freshness == LATER]


def _compatible(sightings: Sequence[Sighting], hint: str) -> list[Sighting]:
    """Drop the sightings of another model than the hint. Keep all without a hint, and those without a model."""
    wanted = hint.lower()
    return [item for item in sightings if not wanted or not item.model or item.model.lower() == wanted]


def _of_pair(sightings: Sequence[Sighting], compatible: list[Sighting]) -> tuple[list[Sighting], bool]:
    """Narrow to the host that the signal names, else to other hosts of the wallets that own it.

    The flag is whether the candidates' hardware may have served the signal; it is false for other hosts.
    """
    owners = {item.address for item in sightings if item.at_url}
    if not owners:
        return compatible, True
    at_host = [item for item in compatible if item.at_url]
    return (at_host, True) if at_host else ([item for item in compatible if item.address in owners], False)


def _nearest_per_host(sightings: Iterable[Sighting]) -> list[Sighting]:
    """Keep, per host, the rows of its nearest snapshot. Earlier snapshots may list hardware that was removed."""
    best: dict[str, tuple[int, int]] = {}
    rows = [(item, host_of(item.url), (item.freshness, item.distance_ms)) for item in sightings]
    for _, host, rank in rows:
        if host not in best or rank < best[host]:
            best[host] = rank
    return [item for item, host, rank in rows if rank == best[host]]


def _only(values: Iterable[str]) -> str:
    """Return the one non-blank value, blank when there are none or several."""
    distinct = {value for value in values if value}
    return distinct.pop() if len(distinct) == 1 else ""


class Evidence:
    """The decisions, by model hint, that the capabilities allow for one signal's wallet, URL and time.

    It does not depend on later changes of the index, so that a session can be computed again with the same result.
    """

    __slots__ = ("__weakref__", "_by_hint", "_by_model", "_other", "_unhinted")

    # Bound of the cache by spelling of the hint. Real traffic has far fewer spellings.
    _MOST_HINTS = 32

    def __init__(self, unhinted: Decision, other: Decision, by_model: dict[str, Decision]) -> None:
        self._unhinted = unhinted
        self._other = other
        self._by_model = by_model
        self._by_hint = {"": unhinted}

    @classmethod
    def weigh(cls, sightings: Sequence[Sighting]) -> Evidence:
        """Decide for each model that occurs, for a signal without a hint, and for a hint that nobody advertises."""
        models = sorted({item.model.lower() for item in sightings if item.model})
        return cls(
            decide(sightings, ""),
            decide(sightings, _NOBODYS_MODEL),
            {model: decide(sightings, model) for model in models},
        )

    def decide(self, hint: str) -> Decision:
        """Return the decision for a model hint, which may be blank; equal hints get the same object."""
        known = self._by_hint.get(hint)
        if known is None:
            known = self._by_model.get(hint.lower(), self._other)
            if len(self._by_hint) < self._MOST_HINTS:
                self._by_hint[hint] = known
        return known

    def content(self) -> tuple[Decision, Decision, tuple[tuple[str, Decision], ...]]:
        """Return the content, hashable and JSON-able: equal content means equal decisions."""
        return self._unhinted, self._other, tuple(self._by_model.items())


SILENCE = Evidence(NOBODY, NOBODY, {})
