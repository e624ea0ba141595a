"""Saves the sessions together with the offsets, so that a saved state always covers exactly the committed offsets.

The steps of a round: its records change the state, the change is captured, and the rows are written. Then the change
is saved with the offsets that are about to be committed, and these are committed. A crash before the commit leaves two
states: one that is ahead of the offsets, and the one before it. The restart loads the earlier one, repeats the round
and gets the same rows.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from pipelines.livepeer.batches import Span
from pipelines.livepeer.lifecycle.engine import Lifecycle
from pipelines.livepeer.lifecycle.state import StateError
from pipelines.livepeer.state_files import Partition, Positions, StateFiles

_LOG = logging.getLogger(__name__)


class Capture(NamedTuple):
    """The state after a round: all of it, or only what changed."""

    whole: bool
    content: bytes


class Checkpointer:
    """Owns the lifecycle of a job. Without `files` the sessions are only in memory."""

    def __init__(self, files: StateFiles | None) -> None:
        self._files = files
        self._positions: dict[Partition, int] | None = None
        self._opening: bytes | None = None
        self.lifecycle = Lifecycle()
        if files is None:
            _LOG.info("PROCESSOR_STATE_DIR is not set: sessions are in memory only and a restart begins them anew")

    def resume(self, starts: Mapping[Partition, int], now_ms: int) -> Lifecycle:
        """Return the saved lifecycle that covers exactly the committed offsets, or a new one when there is none.

        `starts`: the offset by partition at which reading begins, -1 where nothing was committed. A new lifecycle
        counts versions from `now_ms` (epoch milliseconds), so that they exceed all that an earlier one has written.
        """
        if self._positions is not None and _fits(self._positions, starts):
            return self.lifecycle
        self.lifecycle = self._saved(starts) or self._new(starts, now_ms)
        self._positions = {partition: offset for partition, offset in starts.items() if offset >= 0}
        if self._files is not None:
            self._opening = self.lifecycle.snapshot()
        return self.lifecycle

    def capture(self) -> Capture | None:
        """Return what the round just processed has changed. The caller passes it to `save` after writing the rows."""
        if self._files is None:
            return None
        if self._files.is_grown:
            return Capture(True, self.lifecycle.snapshot())
        return Capture(False, self.lifecycle.changes())

    def save(self, done: Iterable[Span], started: Iterable[Span], capture: Capture | None) -> None:
        """Save the state for the offsets that are committed next: the ends of `done` and the starts of `started`.

        `capture` is that of the round that is done. Raises StateError.
        """
        before = self._positions or {}
        positions = {**before, **{(span.topic, span.partition): span.last + 1 for span in done}}
        positions |= {(span.topic, span.partition): span.first for span in started}
        self._positions = positions
        if self._files is None:
            return
        if self._opening is not None:
            self._files.begin(positions, self._opening)
            self._opening = None
        elif capture is not None and capture.whole:
            self._files.begin(positions, capture.content)
        elif capture is not None:
            self._files.append(positions, capture.content)
        elif positions != before:
            # The offset of a partition is unknown until its first records arrive.
            self._files.append(positions, b"")

    def _saved(self, starts: Mapping[Partition, int]) -> Lifecycle | None:
        if self._files is None or max(starts.values(), default=-1) < 0:
            return None
        found = self._files.find(lambda positions: _fits(positions, starts))
        if found is None:
            return None
        try:
            lifecycle = Lifecycle.restore(found.snapshot, found.changes, keep_changes=True)
        except StateError as error:
            _LOG.warning("%s", error.message)
            return None
        _LOG.info("%d sessions restored as of the committed offsets", lifecycle.session_count)
        return lifecycle

    def _new(self, starts: Mapping[Partition, int], now_ms: int) -> Lifecycle:
        if max(starts.values(), default=-1) >= 0:
            _LOG.warning(
                "no saved state fits the committed offsets %s: sessions and capabilities begin anew, versions above %d",
                {f"{topic}/{partition}": offset for (topic, partition), offset in starts.items()},
                now_ms,
            )
        return Lifecycle(base_version=now_ms, keep_changes=self._files is not None)


def _fits(positions: Positions, starts: Mapping[Partition, int]) -> bool:
    """Return whether a state covers exactly the committed offsets of every assigned partition."""
    return all(positions.get(partition, -1) == offset for partition, offset in starts.items())
