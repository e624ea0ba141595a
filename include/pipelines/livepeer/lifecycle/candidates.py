"""The capability index: which orchestrators were seen behind a wallet, and when. Bounded."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

from pipelines.livepeer.identity import host_of
from pipelines.livepeer.lifecycle.attribution import (
    EARLIER,
    LATER,
    SAME_TIME,
    SILENCE,
    TOO_OLD,
    Evidence,
    Sighting,
)
from pipelines.livepeer.lifecycle.rules import Rules

_FOREVER = 1 << 63
# Cached answers per wallet; a wallet has a handful of URLs unless somebody makes them up.
_MOST_URLS = 64


class Snapshot(NamedTuple):
    """One advertised combination at one time (epoch milliseconds). Wallets in lower case."""

    local_address: str
    address: str
    url: str
    pipeline: str
    model: str
    gpu: str | None
    time_ms: int


class Candidate:
    """One advertised combination and the times at which it was seen, ascending, epoch milliseconds."""

    __slots__ = ("address", "gpu", "host", "key", "model", "pipeline", "times", "url")

    def __init__(self, key: tuple[str, str, str, str, str, str | None]) -> None:
        self.key = key
        _, self.address, self.url, self.pipeline, self.model, self.gpu = key
        self.host = host_of(self.url)
        self.times: list[int] = []

    def add(self, time_ms: int, most_times: int) -> None:
        """Note a sighting; the oldest one beyond the bound is forgotten."""
        if not self.times or time_ms > self.times[-1]:
            self.times.append(time_ms)
        else:
            place = bisect_left(self.times, time_ms)
            if self.times[place] != time_ms:
                self.times.insert(place, time_ms)
        if len(self.times) > most_times:
            del self.times[0]


class _Shelf:
    """What one wallet leads to, and the answers given for its URLs with the time span [from, to) that they hold for."""

    __slots__ = ("answers", "candidates")

    def __init__(self) -> None:
        self.candidates: dict[tuple[str, str, str, str, str, str | None], Candidate] = {}
        self.answers: dict[str, tuple[int, int, Evidence]] = {}


class CapabilityIndex:
    """Candidates by wallet: each is found under its proxy wallet and under its canonical one.

    Old snapshots are not dropped by age: that would make the answer about an old signal depend on whether newer
    snapshots came before it. Numbers are bounded instead (`Rules`).
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._shelves: dict[str, _Shelf] = {}
        self._known: WeakValueDictionary[Any, Evidence] = WeakValueDictionary()

    @property
    def wallet_count(self) -> int:
        """The number of wallets, proxies included, that something is known of."""
        return len(self._shelves)

    def add(self, snapshot: Snapshot) -> bool:
        """Take up a snapshot. Without a canonical wallet it cannot answer who served, and is not kept (False)."""
        if not snapshot.address:
            return False
        candidate = None
        for wallet in {snapshot.local_address: None, snapshot.address: None}:
            if wallet:
                candidate = self._shelve(wallet, snapshot, candidate)
        return True

    def _shelve(self, wallet: str, snapshot: Snapshot, candidate: Candidate | None) -> Candidate:
        shelf = self._shelves.get(wallet)
        if shelf is None:
            shelf = self._shelves[wallet] = _Shelf()
        key = snapshot[:6]
        if candidate is None:
            candidate = shelf.candidates.get(key) or Candidate(key)
            candidate.add(snapshot.time_ms, self._rules.most_times_per_candidate)
        shelf.candidates[key] = candidate
        shelf.answers.clear()
        if len(shelf.candidates) > self._rules.most_candidates_per_wallet:
            oldest = min(shelf.candidates.values(), key=_newest_time)
            del shelf.candidates[oldest.key]
        if len(self._shelves) > self._rules.most_wallets:
            self._make_room()
        return candidate

    def _make_room(self) -> None:
        """Forget the tenth of the wallets that were seen longest ago: a tenth, so that it happens rarely."""
        by_age = sorted(self._shelves, key=self._wallet_time)
        for wallet in by_age[: 1 + len(by_age) // 10]:
            del self._shelves[wallet]

    def _wallet_time(self, wallet: str) -> int:
        return max(candidate.times[-1] for candidate in self._shelves[wallet].candidates.values())

    def evidence(self, wallet: str, url: str, at_ms: int) -> Evidence:
        """Return what is known of a wallet (lower case) and URL (may be blank) at a time in epoch milliseconds."""
        shelf = self._shelves.get(wallet)
        if shelf is None:
            return SILENCE
        answer = shelf.answers.get(url)
        if answer is not None and answer[0] <= at_ms < answer[1]:
            return answer[2]
        since, until, sightings = self._look(shelf, host_of(url), at_ms)
        evidence = self.share(Evidence.weigh(sightings))
        if len(shelf.answers) >= _MOST_URLS:
            shelf.answers.clear()
        shelf.answers[url] = (since, until, evidence)
        return evidence

    def share(self, evidence: Evidence) -> Evidence:
        """Return the one object for equal evidence: sessions keep a reference for each of their signals."""
        return self._known.setdefault(evidence.content(), evidence)

    def _look(self, shelf: _Shelf, host: str, at_ms: int) -> tuple[int, int, list[Sighting]]:
        """Return what is visible at a time, and the span [since, until) within which the same would be."""
        ttl, skew = self._rules.attribution_ttl_ms, self._rules.future_skew_ms
        since, until, sightings = 0, _FOREVER, []
        for candidate in shelf.candidates.values():
            place = bisect_right(candidate.times, at_ms)
            turns: list[int] = []
            nearest: tuple[int, int] | None = None
            if place:
                before = candidate.times[place - 1]
                turns += [before, before + 1, before + ttl + 1]
                nearest = (_age(at_ms - before, ttl), at_ms - before)
            if place < len(candidate.times):
                after = candidate.times[place]
                turns += [after - skew, after]
                if after - at_ms <= skew and (nearest is None or nearest[0] == TOO_OLD):
                    nearest = (LATER, after - at_ms)
            since = max(since, *(turn for turn in turns if turn <= at_ms), 0)
            until = min(until, *(turn for turn in turns if turn > at_ms), _FOREVER)
            if nearest is not None:
                sightings.append(Sighting(*candidate.key[1:], *nearest, at_url=bool(host) and candidate.host == host))
        return since, until, sightings

    def dump(self) -> dict[str, Any]:
        """Return the content, JSON-able, in an order that depends on history alone."""
        candidates: dict[int, tuple[int, Candidate]] = {}
        shelves = {}
        for wallet, shelf in self._shelves.items():
            places = []
            for candidate in shelf.candidates.values():
                place, _ = candidates.setdefault(id(candidate), (len(candidates), candidate))
                places.append(place)
            shelves[wallet] = places
        return {"candidates": [[*item.key, item.times] for _, item in candidates.values()], "shelves": shelves}

    def load(self, content: dict[str, Any]) -> None:
        """Take up what `dump` returned."""
        candidates = []
        for *key, times in content["candidates"]:
            candidate = Candidate(tuple(key))
            candidate.times = times
            candidates.append(candidate)
        for wallet, places in content["shelves"].items():
            shelf = self._shelves[wallet] = _Shelf()
            shelf.candidates = {candidates[place].key: candidates[place] for place in places}


def _age(age_ms: int, ttl_ms: int) -> int:
    if age_ms == 0:
        return SAME_TIME
    return EARLIER if age_ms <= ttl_ms else TOO_OLD


def _newest_time(candidate: Candidate) -> int:
    return candidate.times[-1]
