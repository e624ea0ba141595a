"""The segments of a session: the runs of signals that one canonical wallet served, and what is known within each.

A segment is a slice of the session's sorted signals. What is known at a signal is looked up in what the segment's
signals and attributions say up to that place: the last of some values, the first of others.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from operator import itemgetter
from typing import NamedTuple

from packs.livepeer.oracle.attribution import NOBODY, Attribution, Wallets, pipeline_beside
from packs.livepeer.oracle.evidence import SWAP, Signal
from packs.livepeer.oracle.snapshots import folded_url


class Present(NamedTuple):
    """Who serves at a signal; what is not known is blank, or a GPU of None. `pipeline` never repeats the model."""

    orchestrator_address: str
    orchestrator_url: str
    pipeline: str
    model: str
    gpu: str | None
    method: str
    confidence: float


class Texts:
    """A text over the course of a session: the places where it was given and was another than before.

    Places are indexes of signals, ascending; a blank text is none.
    """

    def __init__(self, pairs: Iterable[tuple[int, str]]) -> None:
        given = ((place, value) for place, value in pairs if value)
        changes = [next(same) for _, same in groupby(given, key=itemgetter(1))]
        self.places = [place for place, _ in changes]
        self.values = [value for _, value in changes]

    def last(self, until: int) -> str:
        """Return the last text at or before a place; blank when there is none."""
        count = bisect_right(self.places, until)
        return self.values[count - 1] if count else ""

    def first(self, until: int) -> str:
        """Return the first text if it was given at or before a place, else blank."""
        return self.values[0] if self.places and self.places[0] <= until else ""

    def changes(self, after: int, until: int) -> list[int]:
        """Return the places after one place, up to and with another, where the text changed."""
        return self.places[bisect_right(self.places, after) : bisect_right(self.places, until)]


class Segment:
    """The signals [start, stop) of a session. `found` are the attributions within it, by place, all to one wallet.

    `before` is the segment that this one follows: what it does not know itself it takes from there.
    """

    def __init__(
        self,
        signals: Sequence[Signal],
        start: int,
        stop: int,
        found: Sequence[tuple[int, Attribution]],
        before: Segment | None = None,
    ) -> None:
        self.signals = signals[start:stop]
        self.last = stop - 1
        opening = signals[start]
        self._found = _trusted(found)
        self._places = [place for place, _ in self._found]
        # Until somebody is attributed, any signal's URL tells as much as there is to know.
        known = self._places[0] if self._places else stop
        naming = [*range(start, known), *self._places]
        self._urls = Texts((place, signals[place].written_url) for place in naming)
        self._offered_urls = Texts((place, one.url) for place, one in self._found)
        self._models = Texts((place, one.model) for place, one in self._found)
        self._pipelines = Texts((place, one.pipeline) for place, one in self._found)
        self._hardware = [(place, one.gpu) for place, one in self._found if one.gpu is not None]
        self._hint = _first(start, (signal.hint for signal in self.signals))
        self._gateway = _first(start, (signal.gateway for signal in self.signals))
        self._former_model = opening.hint or (before.model(before.last) if before else "")
        self._former_gateway = opening.gateway or (before.gateway(before.last) if before else "")
        self._former_pipeline = before.pipeline(before.last) if before else ""

    def numbered(self) -> Iterator[tuple[int, Signal]]:
        """Yield the signals with their places in the session."""
        return enumerate(self.signals, self.last + 1 - len(self.signals))

    def present(self, at: int) -> Present:
        """Return who serves at a place of this segment."""
        count = bisect_right(self._places, at)
        one, model = self._found[count - 1][1] if count else NOBODY, self.model(at)
        pipeline = pipeline_beside(model, self.pipeline(at))
        return Present(one.canonical, self.url(at), pipeline, model, self.gpu(at), one.method, one.confidence)

    def model(self, at: int) -> str:
        """Return the last model attributed, else the opening signal's hint, the former model, the first hint."""
        return self._models.last(at) or self._former_model or self._hint.first(at)

    def pipeline(self, at: int) -> str:
        """Return the last pipeline attributed, else the former one; it may repeat the model's name."""
        return self._pipelines.last(at) or self._former_pipeline

    def gateway(self, at: int) -> str:
        """Return the opening signal's gateway, else the former one, else the first that is named."""
        return self._former_gateway or self._gateway.first(at)

    def url(self, at: int) -> str:
        """Return the last URL that signals name of who serves, else the first that snapshots gave."""
        return self._urls.last(at) or self._offered_urls.first(at)

    def gpu(self, at: int) -> str | None:
        """Return the last GPU attributed, unless host or model have changed since."""
        count = bisect_right(self._hardware, at, key=itemgetter(0))
        if not count:
            return None
        place, gpu = self._hardware[count - 1]
        host = folded_url(self.url(place))
        hosts = (*self._urls.changes(place, at), *self._offered_urls.changes(place, at))
        if any(folded_url(self.url(change)) != host for change in hosts):
            return None
        models = self._models.changes(place, at)
        return None if any(self.model(one).lower() != self.model(one - 1).lower() for one in models) else gpu

    def labels(self) -> tuple[set[str], set[str]]:
        """Return the models and the pipelines, in lower case, that attributions of this segment gave."""
        # They change only where an attribution names a new one.
        changes = {*self._models.places, *self._pipelines.places, *self._places[:1]}
        seen = [self.present(place) for place in changes]
        return {one.model.lower() for one in seen} - {""}, {one.pipeline.lower() for one in seen} - {""}


def own_attributions(signals: Sequence[Signal], wallets: Wallets) -> list[Attribution | None]:
    """Return who stands behind the wallet that each signal names, by its own model hint alone; None when unknown."""
    return [wallets.attribute(signal, signal.hint) if signal.address else None for signal in signals]


def segments_of(
    signals: Sequence[Signal], wallets: Wallets, own: Sequence[Attribution | None] | None = None
) -> list[Segment]:
    """Return the segments of a session in order, at least one. `signals` are all of the session, in order.

    `own`: their `own_attributions`, where the caller has them already.
    """
    own = own_attributions(signals, wallets) if own is None else own
    found = _attributions(signals, wallets, own)
    runs = [list(run) for _, run in groupby(found, key=lambda pair: pair[1].canonical)]
    # What comes before the first attribution belongs to the first segment.
    starts = [0, *(run[0][0] for run in runs[1:])]
    segments: list[Segment] = []
    for start, stop, run in zip(starts, [*starts[1:], len(signals)], runs or [[]], strict=True):
        segments.append(Segment(signals, start, stop, run, segments[-1] if segments else None))
    return segments


def _attributions(
    signals: Sequence[Signal], wallets: Wallets, own: Sequence[Attribution | None]
) -> Iterator[tuple[int, Attribution]]:
    """Yield the attributions that count, with the places of their signals."""
    model = wallet = ""
    seen: set[str] = set()
    for place, signal in enumerate(signals):
        # A signal without a model of its own is judged by the one that the session has by then.
        by_session = signal.address and model and not signal.hint
        found = wallets.attribute(signal, model) if by_session else own[place]
        # A swap names the wallet that is left: one that was left before is no news.
        if found is None or (signal.kind == SWAP and found.canonical != wallet and found.canonical in seen):
            model = model or signal.hint
            continue
        changed = bool(wallet) and found.canonical != wallet
        model = found.model or (signal.hint or model if changed else model or signal.hint)
        wallet = found.canonical
        seen.add(wallet)
        yield place, found


def _first(start: int, texts: Iterable[str]) -> Texts:
    """Return the first text that is not blank; `start` is the place of the first one of all."""
    return Texts(islice(((place, text) for place, text in enumerate(texts, start) if text), 1))


def _trusted(found: Sequence[tuple[int, Attribution]]) -> list[tuple[int, Attribution]]:
    """Leave out what comes from stale snapshots after the same wallet was attributed by a fresh one."""
    fresh = next((place for place, one in found if not one.stale), None)
    return [(place, one) for place, one in found if fresh is None or place < fresh or not one.stale]
