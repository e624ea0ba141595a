"""Segments: the intervals of a session that one canonical orchestrator served.

They are computed by a fold over the session's signals in event-time order.
"""

from __future__ import annotations

from copy import copy

from pipelines.livepeer.identity import host_of
from pipelines.livepeer.lifecycle import rules
from pipelines.livepeer.lifecycle.attribution import NOBODY, RESOLVED, STALE, Decision
from pipelines.livepeer.lifecycle.signals import SWAP_RANK, TRACE, Signal

INITIAL = "initial"
ORCHESTRATOR_CHANGE = "orchestrator_change"
STREAM_CLOSED = "stream_closed"


class Segment:
    """One interval. Times are epoch milliseconds, `end_ms` None while open. Blank text and a GPU of None: unknown."""

    __slots__ = (
        "address",
        "decision",
        "end_ms",
        "gateway",
        "gpu",
        "model",
        "pipeline",
        "reason",
        "start_ms",
        "trace_type",
        "uid",
        "url",
    )

    def __init__(self, start_ms: int, reason: str) -> None:
        self.start_ms = start_ms
        self.end_ms: int | None = None
        self.reason = reason
        self.gateway = self.address = self.url = self.pipeline = self.model = ""
        self.gpu: str | None = None
        self.decision = NOBODY
        self.trace_type = self.uid = ""

    def attribute(self, decision: Decision, signal: Signal, model: str, pipeline: str) -> None:
        """Apply an attribution. `model` and `pipeline`: those of the session before this signal.

        A field that the decision does not know keeps its value. Only the GPU is cleared when host or model change.
        """
        if decision.status == STALE and self.decision.status == RESOLVED:
            return
        url = signal.url or self.url or decision.url
        same_host = url == self.url or host_of(url) == host_of(self.url)
        same_hardware = same_host and decision.model.lower() in {"", self.model.lower()}
        self.gpu = decision.gpu or (self.gpu if same_hardware else None)
        self.address, self.url = decision.address, url
        self.model = decision.model or self.model or signal.hint or model
        self.pipeline = decision.pipeline or self.pipeline or pipeline
        self.decision = decision

    @property
    def workflow_class(self) -> str:
        """The pipeline, blank when it merely repeats the model's name."""
        return "" if self.pipeline.lower() == self.model.lower() else self.pipeline

    def note(self, signal: Signal) -> None:
        """Apply the fields that every signal has, whether or not it is attributed."""
        self.gateway = self.gateway or signal.gateway
        self.model = self.model or signal.hint
        self.uid = signal.uid
        if not self.address and signal.url:
            self.url = signal.url
        if signal.kind == TRACE:
            self.trace_type = signal.subtype
            if signal.subtype == rules.CLOSED:
                self.end_ms, self.reason = signal.time_ms, STREAM_CLOSED


class SegmentFold:
    """The segments of a session so far, from signals in event-time order. The last one is the current segment.

    An `orchestrator_swap` names the orchestrator that the session leaves. When an earlier segment already belongs to
    that orchestrator, the signal opens no segment.
    """

    __slots__ = ("_labels", "_most", "addresses", "closed", "current")

    def __init__(self, most_segments: int) -> None:
        self._most = most_segments
        self.closed: list[Segment] = []
        self.current: Segment | None = None
        self.addresses: frozenset[str] = frozenset()
        self._labels: frozenset[tuple[str, str]] = frozenset()

    def fork(self) -> SegmentFold:
        """Return a copy for further steps. Closed segments never change, so both copies share them."""
        other = copy(self)
        other.closed = list(self.closed)
        other.current = copy(self.current)
        return other

    def step(self, signal: Signal) -> Segment:
        """Take up the next signal; return the segment that it belongs to."""
        current = self.current
        if current is None:
            current = self.current = Segment(signal.time_ms, INITIAL)
        if signal.evidence is not None:
            decision = signal.evidence.decide(signal.hint or current.model)
            # Most signals repeat the attribution of the one before.
            repeated = decision is current.decision and signal.url == current.url
            if decision.address and not repeated:
                current = self._move(current, decision, signal)
        current.note(signal)
        return current

    def _move(self, current: Segment, decision: Decision, signal: Signal) -> Segment:
        """Attribute the current segment, or open the next one when the orchestrator changes."""
        known_model, known_pipeline = current.model, current.pipeline
        if current.address and decision.address != current.address:
            left_already = signal.rank == SWAP_RANK and decision.address in self.addresses
            if left_already or len(self.closed) + 1 >= self._most:
                return current
            current.end_ms, current.reason = signal.time_ms, ORCHESTRATOR_CHANGE
            self.closed.append(current)
            gateway = current.gateway
            current = self.current = Segment(signal.time_ms, ORCHESTRATOR_CHANGE)
            current.gateway = signal.gateway or gateway
        current.attribute(decision, signal, known_model, known_pipeline)
        self.addresses |= {current.address}
        self._labels |= {(current.model.lower(), current.workflow_class.lower())}
        return current

    def models(self) -> frozenset[str]:
        """Return the models that attribution gave, in lower case."""
        return frozenset(model for model, _ in self._labels if model)

    def pipelines(self) -> frozenset[str]:
        """Return the pipelines that attribution gave, in lower case."""
        return frozenset(pipeline for _, pipeline in self._labels if pipeline)

    @property
    def changes(self) -> int:
        """The number of inferred orchestrator changes: the distinct orchestrators of the segments, minus one."""
        return max(0, len(self.addresses) - 1)

    def all(self) -> list[Segment]:
        """Return the segments in order; empty only before the first signal."""
        return [*self.closed, self.current] if self.current is not None else []


class RewindableFold:
    """A fold over a list of signals into which late signals can be inserted.

    It keeps a copy of the state every `STRIDE` signals. So going back repeats fewer than `STRIDE` additional steps.
    """

    STRIDE = 128

    __slots__ = ("_marks", "_most", "_steps", "state")

    def __init__(self, most_segments: int) -> None:
        self._most = most_segments
        self._steps = 0
        self._marks: list[SegmentFold] = []
        self.state = SegmentFold(most_segments)

    def step(self, signal: Signal) -> Segment:
        """Take up the next signal; return the segment that it belongs to."""
        present = self.state.step(signal)
        self._steps += 1
        if self._steps % self.STRIDE == 0:
            self._marks.append(self.state.fork())
        return present

    def rewind(self, signals: list[Signal], count: int) -> None:
        """Set the state to that after exactly the first `count` signals, by going back or forward."""
        if count < self._steps:
            kept = count // self.STRIDE
            del self._marks[kept:]
            self.state = self._marks[-1].fork() if kept else SegmentFold(self._most)
            self._steps = kept * self.STRIDE
        for index in range(self._steps, count):
            self.step(signals[index])
