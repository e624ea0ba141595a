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
# Bound of the cached answers per wallet. Real wallets have a handful of URLs.
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
    """One advertised combination and the times at which it was seen, ascending, epoch milliseconds.

    `published` is the time at which a snapshot was published, by its own time, epoch milliseconds. It is known only
    where records arrive out of order; a snapshot without it is older than every signal.
    """

    __slots__ = ("address", "gpu", "host", "key", "model", "pipeline", "published", "times", "url")

    def __init__(self, key: tuple[str, str, str, str, str, str | None]) -> None:
        self.key = key
        _, self.address, self.url, self.pipeline, self.model, self.gpu = key
        self.host = host_of(self.url)
        self.times: list[int] = []
        self.published: dict[int, int] = {}

    def add(self, time_ms: int, most_times: int, published_ms: int | None = None) -> None:
        """Add a time, and drop the oldest one beyond the bound."""
        if published_ms is not None and published_ms < self.published.get(time_ms, published_ms + 1):
            self.published[time_ms] = published_ms
        if not self.times or time_ms > self.times[-1]:
            self.times.append(time_ms)
        else:
            place = bisect_left(self.times, time_ms)
            if self.times[place] != time_ms:
                self.times.insert(place, time_ms)
        if len(self.times) > most_times:
            self.published.pop(self.times.pop(0), None)

    def times_until(self, until_ms: int) -> list[int]:
        """Return the times of the snapshots that were published until then, ascending, epoch milliseconds."""
        return [time_ms for time_ms in self.times if self.published.get(time_ms, until_ms) <= until_ms]


class _WalletEntry:
    """The candidates of one wallet, and cached answers by URL, each with the time span [from, to) of its validity.

    `newest_published` is the latest time at which one of its snapshots was published, epoch milliseconds, -1 where none
    has such a time.
    """

    __slots__ = ("answers", "candidates", "newest_published")

    def __init__(self) -> None:
        self.newest_published = -1
        self.candidates: dict[tuple[str, str, str, str, str, str | None], Candidate] = {}
        self.answers: dict[str, tuple[int, int, Evidence]] = {}


class CapabilityIndex:
    """Candidates by wallet: each is found under its proxy wallet and under its canonical one.

    Snapshots are not dropped by age: the answer for an old signal would then depend on whether newer snapshots arrived
    before it. Their number is bounded instead (`Rules`).
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._by_wallet: dict[str, _WalletEntry] = {}
        self._known: WeakValueDictionary[Any, Evidence] = WeakValueDictionary()

    @property
    def wallet_count(self) -> int:
        """The number of wallets in the index, proxies included."""
        return len(self._by_wallet)

    def add(self, snapshot: Snapshot, published_ms: int | None = None) -> bool:
        """Add a snapshot. One without a canonical wallet can resolve no signal and is ignored (returns False).

        `published_ms`: when it was published, epoch milliseconds. Needed only where it may arrive before the signals
        that were published before it.
        """
        if not snapshot.address:
            return False
        candidate = None
        for wallet in {snapshot.local_address: None, snapshot.address: None}:
            if wallet:
                candidate = self._file(wallet, snapshot, candidate, published_ms)
        return True

    def _file(
        self, wallet: str, snapshot: Snapshot, candidate: Candidate | None, published_ms: int | None
    ) -> Candidate:
        entry = self._by_wallet.get(wallet)
        if entry is None:
            entry = self._by_wallet[wallet] = _WalletEntry()
        key = snapshot[:6]
        if candidate is None:
            candidate = entry.candidates.get(key) or Candidate(key)
            candidate.add(snapshot.time_ms, self._rules.most_times_per_candidate, published_ms)
        if published_ms is not None:
            entry.newest_published = max(entry.newest_published, published_ms)
        entry.candidates[key] = candidate
        entry.answers.clear()
        if len(entry.candidates) > self._rules.most_candidates_per_wallet:
            oldest = min(entry.candidates.values(), key=_newest_time)
            del entry.candidates[oldest.key]
        if len(self._by_wallet) > self._rules.most_wallets:
            self._evict()
        return candidate

    def _evict(self) -> None:
        """Drop the tenth of the wallets whose snapshots are oldest. Dropping many at once keeps the sorting rare."""
        by_age = sorted(self._by_wallet, key=self._wallet_time)
        for wallet in by_age[: 1 + len(by_age) // 10]:
            del self._by_wallet[wallet]

    def _wallet_time(self, wallet: str) -> int:
        return max(candidate.times[-1] for candidate in self._by_wallet[wallet].candidates.values())

    def evidence(self, wallet: str, url: str, at_ms: int, until_ms: int | None = None) -> Evidence:
        """Return what is known of a wallet (lower case) and URL (may be blank) at a time in epoch milliseconds.

        Snapshots that were published after `until_ms` are left out, so that the answer does not depend on how early
        they arrived. None: every snapshot counts.
        """
        entry = self._by_wallet.get(wallet)
        if entry is None:
            return SILENCE
        if until_ms is not None and until_ms < entry.newest_published:
            return self.share(Evidence.weigh(self._look(entry, host_of(url), at_ms, until_ms)[2]))
        answer = entry.answers.get(url)
        if answer is not None and answer[0] <= at_ms < answer[1]:
            return answer[2]
        since, until, sightings = self._look(entry, host_of(url), at_ms)
        evidence = self.share(Evidence.weigh(sightings))
        if len(entry.answers) >= _MOST_URLS:
            entry.answers.clear()
        entry.answers[url] = (since, until, evidence)
        return evidence

    def share(self, evidence: Evidence) -> Evidence:
        """Return one shared object for equal evidence, because sessions keep a reference for each signal."""
        return self._known.setdefault(evidence.content(), evidence)

    def _look(
        self, entry: _WalletEntry, host: str, at_ms: int, until_ms: int | None = None
    ) -> tuple[int, int, list[Sighting]]:
        """Return (since, until, sightings): the sightings at a time, which are the same at all of [since, until)."""
        ttl, skew = self._rules.attribution_ttl_ms, self._rules.future_skew_ms
        since, until, sightings = 0, _FOREVER, []
        for candidate in entry.candidates.values():
            times = candidate.times if until_ms is None else candidate.times_until(until_ms)
            place = bisect_right(times, at_ms)
            turns: list[int] = []
            nearest: tuple[int, int] | None = None
            if place:
                before = times[place - 1]
                turns += [before, before + 1, before + ttl + 1]
                nearest = (_age(at_ms - before, ttl), at_ms - before)
            if place < len(times):
                after = times[place]
                turns += [after - skew, after]
                if after - at_ms <= skew and (nearest is None or nearest[0] == TOO_OLD):
                    nearest = (LATER, after - at_ms)
            since = max(since, *(turn for turn in turns if turn <= at_ms), 0)
            until = min(until, *(turn for turn in turns if turn > at_ms), _FOREVER)
            if nearest is not None:
                sightings.append(Sighting(*candidate.key[1:], *nearest, at_url=bool(host) and candidate.host == host))
        return since, until, sightings

    def dump(self) -> dict[str, Any]:
        """Return the content, JSON-able. The order depends only on the sequence of `add` calls."""
        candidates: dict[int, tuple[int, Candidate]] = {}
        shelves = {}
        for wallet, entry in self._by_wallet.items():
            places = []
            for candidate in entry.candidates.values():
                place, _ = candidates.setdefault(id(candidate), (len(candidates), candidate))
                places.append(place)
            shelves[wallet] = places
        return {"candidates": [[*item.key, item.times] for _, item in candidates.values()], "shelves": shelves}

    def load(self, content: dict[str, Any]) -> None:
        """Restore the content that `dump` returned."""
        candidates = []
        for *key, times in content["candidates"]:
            candidate = Candidate(tuple(key))
            candidate.times = times
            candidates.append(candidate)
        for wallet, places in content["shelves"].items():
            entry = self._by_wallet[wallet] = _WalletEntry()
            entry.candidates = {candidates[place].key: candidates[place] for place in places}


def _age(age_ms: int, ttl_ms: int) -> int:
    if age_ms == 0:
        return SAME_TIME
    return EARLIER if age_ms <= ttl_ms else TOO_OLD


def _newest_time(candidate: Candidate) -> int:
    return candidate.times[-1]
