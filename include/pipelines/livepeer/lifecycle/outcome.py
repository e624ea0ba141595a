"""The summary of a session's signals, independent of their order: times, flags, counters, health."""

from __future__ import annotations

from pipelines.livepeer.lifecycle import rules
from pipelines.livepeer.lifecycle.signals import (
    EXCUSED,
    LOADING,
    NOTICE,
    OUTPUT,
    STATUS,
    TRACE,
    TROUBLED,
    Signal,
)

Position = tuple[int, int, str]

# The position after every signal: "not seen".
NEVER: Position = (1 << 63, 0, "")
MOST_COUNTED = 0xFFFF


class Outcome:
    """A commutative summary of signals. Times are epoch milliseconds; positions order signals (`signals.position`).

    `requested`, `processed` and `playable` are the positions of the earliest such edge, NEVER without one. The edge is
    known to signals at or after that position.
    """

    __slots__ = (
        "abandoned",
        "end_ms",
        "errors",
        "excusable_errors",
        "first_gateway",
        "first_hint",
        "gateway",
        "hint",
        "hints",
        "loading_samples",
        "no_orchestrators",
        "output_samples",
        "playable",
        "processed",
        "requested",
        "samples",
        "start_ms",
        "troubled_samples",
    )

    def __init__(self) -> None:
        self.start_ms = 1 << 63
        self.end_ms = 0
        self.requested = self.processed = self.playable = NEVER
        self.first_gateway = self.first_hint = NEVER
        self.gateway = self.hint = ""
        self.hints: frozenset[str] = frozenset()
        self.no_orchestrators = False
        self.abandoned = self.errors = self.excusable_errors = 0
        self.samples = self.troubled_samples = self.loading_samples = self.output_samples = 0

    def add(self, signal: Signal) -> None:
        """Add a signal. The caller adds each one once."""
        time_ms, rank, uid, kind, subtype, gateway, hint, _, _, start_ms, flags, _ = signal
        at = (time_ms, rank, uid)
        self.start_ms = min(self.start_ms, start_ms if start_ms and start_ms < time_ms else time_ms)
        self.end_ms = max(self.end_ms, time_ms)
        if gateway and at < self.first_gateway:
            self.gateway, self.first_gateway = gateway, at
        if hint:
            if at < self.first_hint:
                self.hint, self.first_hint = hint, at
            if hint not in self.hints:
                self.hints |= {hint}
        if kind == STATUS:
            self._add_status(flags)
        elif kind == TRACE:
            self._add_trace(subtype, at)
        elif kind == NOTICE and subtype == rules.ERROR:
            self.errors += 1
            self.excusable_errors += flags == EXCUSED

    def _add_status(self, flags: int) -> None:
        self.samples += 1
        if flags & TROUBLED:
            self.troubled_samples += 1
        if flags & LOADING:
            self.loading_samples += 1
        if flags & OUTPUT:
            self.output_samples += 1

    def _add_trace(self, edge: str, at: Position) -> None:
        if edge == rules.STREAM_REQUEST:
            self.requested = min(self.requested, at)
        elif edge == rules.FIRST_PROCESSED:
            self.processed = min(self.processed, at)
        elif edge == rules.FEW_PROCESSED:
            self.playable = min(self.playable, at)
        elif edge == rules.NO_ORCHESTRATORS:
            self.no_orchestrators = True
        elif edge == rules.SWAP:
            self.abandoned += 1

    def models(self) -> frozenset[str]:
        """Return the models that signals hinted at, in lower case."""
        return frozenset(hint.lower() for hint in self.hints)

    @property
    def known(self) -> bool:
        """Whether the gateway accepted a stream request: the session counts."""
        return self.requested is not NEVER

    @property
    def success(self) -> bool:
        """Whether the stream became playable."""
        return self.playable is not NEVER

    @property
    def excused(self) -> bool:
        """Whether a failed start of a known session was not the service's fault."""
        excusable = self.errors > 0 and self.errors == self.excusable_errors
        return self.known and not self.success and (self.no_orchestrators or excusable)

    @property
    def unexcused(self) -> bool:
        """Whether a known session failed to start (or has not yet), without an excuse."""
        return self.known and not self.success and not self.excused

    @property
    def confirmed_swaps(self) -> int:
        """The number of swaps that the gateway announced, at most what the column can store."""
        return min(self.abandoned, MOST_COUNTED)

    def health(self) -> tuple[int, int, float]:
        """Return how many kinds of evidence were seen, how many were expected, and their ratio (at most 1)."""
        seen = (self.samples > 0) + (self.processed is not NEVER) + self.success
        expected = 3 if self.known else 0
        return seen, expected, min(1.0, seen / expected) if expected else 1.0


def between(earlier: Position, later: Position) -> float | None:
    """Return the milliseconds between two edges; None when one is missing or the clocks contradict each other."""
    if earlier is NEVER or later is NEVER or later[0] < earlier[0]:
        return None
    return float(later[0] - earlier[0])
