"""The run before a run."""

from __future__ import annotations

from collections.abc import Sequence

from streamproof.history.entries import ERROR, FAILED, PASSED, RunEntry

_ENDED = (PASSED, FAILED, ERROR)


def previous_run(entries: Sequence[RunEntry], run_id: str) -> RunEntry | None:
    """Return the last run before this one with the same pack, mode, stack and processor.

    `entries` are newest first. Runs that changed their own data, that were interrupted or that still go on are passed
    over. The result is None when there is no such run, or `run_id` is not among the entries.
    """
    own = next((entry for entry in entries if entry.run_id == run_id), None)
    if own is None:
        return None
    earlier = (entry for entry in entries if (entry.started_at, entry.run_id) < (own.started_at, own.run_id))
    return next((entry for entry in earlier if _is_comparable(entry, own)), None)


def _is_comparable(entry: RunEntry, own: RunEntry) -> bool:
    same = all(getattr(entry, name) == getattr(own, name) for name in ("pack", "mode", "stack", "processor"))
    return same and not entry.injected and entry.verdict in _ENDED
