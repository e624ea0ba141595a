"""What two runs must have in common before their verdicts or their times can be compared."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from functools import lru_cache

from streamproof.history.entries import RunEntry

# Options of the rerun command that name what an entry has as a field, as given or by default.
_FIELDS = frozenset({"--pack", "--mode", "--stack", "--processor", "--manifest"})

Conditions = tuple[str, ...]


def conditions(entry: RunEntry) -> Conditions:
    """Return what a run ran on: pack, mode, stack, processor, fixtures, and its other options (speed, suites, …)."""
    return (
        entry.pack,
        entry.mode,
        entry.stack,
        entry.processor,
        entry.fixture_sha256,
        *_other_options(entry.rerun),
    )


def by_conditions(entries: Iterable[RunEntry]) -> dict[Conditions, list[RunEntry]]:
    """Return the entries by what they ran on, in the order given, without runs that changed their own data."""
    found: dict[Conditions, list[RunEntry]] = {}
    for entry in entries:
        if not entry.injected:
            found.setdefault(conditions(entry), []).append(entry)
    return found


@lru_cache(maxsize=1024)
def _other_options(rerun: str) -> tuple[str, ...]:
    try:
        parts = shlex.split(rerun)
    except ValueError:  # not a command that this version wrote
        return (rerun,)
    skipped = {place + offset for place, part in enumerate(parts) if part in _FIELDS for offset in (0, 1)}
    return tuple(part for place, part in enumerate(parts) if place not in skipped)
