"""The segments of a session: the runs of signals that one canonical wallet served, with their attributes.

A segment is a slice of the session's sorted signals. An attribute at a signal is looked up among the values that the
segment's signals and attributions have given up to that signal: the last value for some attributes, the first for
others.
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
    """The attribution at a signal. Unknown fields are blank, for the GPU None. `pipeline` never repeats the model."""

    orchestrator_address: str
    orchestrator_url: str
    pipeline: str
    model: str
    gpu: str | None
    method: str
    confidence: float


class Texts:
    """The values of a text attribute in the course of a session. Blank texts are left out.

    `places` are the indexes of the signals where the value changed, ascending; `values` are the new values.
    """

    def __init__(self, pairs: Iterable[tuple[int, str]]) -> None:
        given = ((index, value) for index, value in pairs if value)
        changes = [next(same) for _, same in groupby(given, key=itemgetter(1))]
        self.places = [index for index, _ in changes]
        self.values = [value for _, value in changes]

    def last(self, until: int) -> str:
        """Return the last text at or before an index; blank when there is none."""
        count = bisect_right(self.places, until)
        return self.values[count - 1] if count else ""

    def first(self, until: int) -> str:
        """Return the first text if it was given at or before an index, else blank."""
        return self.values[0] if self.places and self.places[0] <= until else ""

    def changes(self, after: int, until: int) -> list[int]:
        """Return the indexes in (after, until] where the text changed."""
        return self.places[bisect_right(self.places, after) : bisect_right(self.places, until)]


class Segment:
    """The signals [start, stop) of a session. `found` are its attributions by signal index, all to one wallet.

    `before` is the previous segment. Attributes that this segment does not know are taken from it.
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
        self._indexes = [index for index, _ in self._found]
        # Before the first attribution the URL of any signal counts, afterwards only those of attributed signals.
        known = self._indexes[0] if self._indexes else stop
        naming = [*range(start, known), *self._indexes]
        self._urls = Texts((index, signals[index].written_url) for index in naming)
        self._offered_urls = Texts((index, one.url) for index, one in self._found)
        self._models = Texts((index, one.model) for index, one in self._found)
        self._pipelines = Texts((index, one.pipeline) for index, one in self._found)
        self._hardware = [(index, one.gpu) for index, one in self._found if one.gpu is not None]
        self._hint = _first(start, (signal.hint for signal in self.signals))
        self._gateway = _first(start, (signal.gateway for signal in self.signals))
        self._former_model = opening.hint or (before.model(before.last) if before else "")
        self._former_gateway = opening.gateway or (before.gateway(before.last) if before else "")
        self._former_pipeline = before.pipeline(before.last) if before else ""

    def numbered(self) -> Iterator[tuple[int, Signal]]:
        """Yield the signals with their indexes in the session."""
        return enumerate(self.signals, self.last + 1 - len(self.signals))

    def present(self, at: int) -> Present:
        """Return the attribution at a signal of this segment, by its index in the session."""
        count = bisect_right(self._indexes, at)
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
        """Return the last URL named by an attributed signal, else the first URL of a snapshot."""
        return self._urls.last(at) or self._offered_urls.first(at)

    def gpu(self, at: int) -> str | None:
        """Return the last GPU attributed, unless host or model have changed since."""
        count = bisect_right(self._hardware, at, key=itemgetter(0))
        if not count:
            return None
        index, gpu = self._hardware[count - 1]
        host = folded_url(self.url(index))
        hosts = (*self._urls.changes(index, at), *self._offered_urls.changes(index, at))
        if any(folded_url(self.url(change)) != host for change in hosts):
            return None
        models = self._models.changes(index, at)
        return None if any(self.model(one).lower() != self.model(one - 1).lower() for one in models) else gpu

    def labels(self) -> tuple[set[str], set[str]]:
        """Return the models and the pipelines, in lower case, that attributions of this segment gave."""
        # The labels change only where an attribution names a new one.
        changes = {*self._models.places, *self._pipelines.places, *self._indexes[:1]}
        seen = [self.present(index) for index in changes]
        return {one.model.lower() for one in seen} - {""}, {one.pipeline.lower() for one in seen} - {""}


def own_attributions(signals: Sequence[Signal], wallets: Wallets) -> list[Attribution | None]:
    """Return the attribution of each signal from its own model hint alone; None when unknown."""
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
    # Signals before the first attribution belong to the first segment.
    starts = [0, *(run[0][0] for run in runs[1:])]
    segments: list[Segment] = []
    for start, stop, run in zip(starts, [*starts[1:], len(signals)], runs or [[]], strict=True):
        segments.append(Segment(signals, start, stop, run, segments[-1] if segments else None))
    return segments


def _attributions(
    signals: Sequence[Signal], wallets: Wallets, own: Sequence[Attribution | None]
) -> Iterator[tuple[int, Attribution]]:
    """Yield the attributions that count, with the indexes of their signals."""
    model = wallet = ""
    seen: set[str] = set()
    for index, signal in enumerate(signals):
        # A signal without a model hint is attributed with the model that the session has at that time.
        by_session = signal.address and model and not signal.hint
        found = wallets.attribute(signal, model) if by_session else own[index]
        # A swap names the wallet that the session leaves. It does not count when the session has left it before.
        if found is None or (signal.kind == SWAP and found.canonical != wallet and found.canonical in seen):
            model = model or signal.hint
            continue
        changed = bool(wallet) and found.canonical != wallet
        model = found.model or (signal.hint or model if changed else model or signal.hint)
        wallet = found.canonical
        seen.add(wallet)
        yield index, found


def _first(start: int, texts: Iterable[str]) -> Texts:
    """Return the first text that is not blank. `start` is the index of the first text."""
    return Texts(islice(((index, text) for index, text in enumerate(texts, start) if text), 1))


def _trusted(found: Sequence[tuple[int, Attribution]]) -> list[tuple[int, Attribution]]:
    """Drop attributions from stale snapshots that follow one of the same wallet from a fresh snapshot."""
    fresh = next((index for index, one in found if not one.stale), None)
    return [(index, one) for index, one in found if fresh is None or index < fresh or not one.stale]
