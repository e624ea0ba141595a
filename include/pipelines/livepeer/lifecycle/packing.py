"""The signals of a quiet session, in less than a quarter of the memory of `Signal` objects."""

from __future__ import annotations

from array import array
from typing import Any

from pipelines.livepeer.lifecycle.signals import Signal


class PackedSignals:
    """Signals in order, by column. What signals of a session have in common is kept once."""

    __slots__ = ("_kinds", "_lengths", "_numbers", "_times", "_uids")

    def __init__(self, signals: list[Signal]) -> None:
        self._times = array("q", [signal.time_ms for signal in signals])
        self._lengths = array("I", [len(signal.uid) for signal in signals])
        self._uids = "".join([signal.uid for signal in signals])
        self._kinds: list[tuple[Any, ...]] = []
        known: dict[Any, int] = {}
        self._numbers = array("I", [self._number(signal, known) for signal in signals])

    def __len__(self) -> int:
        return len(self._times)

    def unpack(self) -> list[Signal]:
        """Return the signals. Their evidence is the same objects as before."""
        signals, start, uids, kinds = [], 0, self._uids, self._kinds
        for time_ms, length, number in zip(self._times, self._lengths, self._numbers, strict=True):
            rank, *rest = kinds[number]
            signals.append(Signal(time_ms, rank, uids[start : start + length], *rest))
            start += length
        return signals

    def _number(self, signal: Signal, known: dict[Any, int]) -> int:
        """Return the number of all that the signal has beside its time and id. Evidence is the same by identity."""
        _, rank, _, *rest = signal
        key = (rank, *rest[:5], id(signal.evidence), *rest[6:])
        number = known.setdefault(key, len(self._kinds))
        if number == len(self._kinds):
            self._kinds.append((rank, *rest))
        return number
