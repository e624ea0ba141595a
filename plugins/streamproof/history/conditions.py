"""What two runs must have in common before their verdicts or their times can be compared."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from functools import lru_cache

from streamproof.history.entries import RunEntry
from streamproof.model.errors import UsageError
from streamproof.model.plan import OBSERVE
from streamproof.model.window import parse_utc

# Options of the rerun command that name what an entry has as a field, as given or by default.
_FIELDS = frozenset({"--pack", "--mode", "--stack", "--processor", "--manifest"})
_WINDOW = ("--from-ts", "--to-ts")
# Options that differ from run to run of the same question: a window moves on, and a run may change its own data.
_MOVING = frozenset({*_WINDOW, "--inject"})

Conditions = tuple[str, ...]


def conditions(entry: RunEntry) -> Conditions:
    """Return what a run ran on: pack, mode, stack, processor, fixtures, and its other options (speed, suites, …).

    Each observation has another window. Those of one length are of the same kind.
    """
    common = (entry.pack, entry.mode, entry.stack, entry.processor, entry.fixture_sha256)
    if entry.mode == OBSERVE:
        return (*common, *_other_options(entry.rerun, _FIELDS.union(_WINDOW)), _window_length(entry.rerun))
    return (*common, *_other_options(entry.rerun, _FIELDS))


def asks_the_same(a: RunEntry, b: RunEntry) -> bool:
    """Return whether two runs ask the same question, so that one can answer what the other left open.

    Pack, mode, stack, processor and other options are the same, suites among them. The fixture set is the same by its
    name or by its content: a set that was written anew still counts. The window of an observation may differ.
    """
    same_set = a.fixture_sha256 == b.fixture_sha256 or _manifest(a.rerun) == _manifest(b.rerun)
    return same_set and _question(a) == _question(b)


def _question(entry: RunEntry) -> Conditions:
    options = _other_options(entry.rerun, _FIELDS | _MOVING)
    return (entry.pack, entry.mode, entry.stack, entry.processor, *options)


def _manifest(rerun: str) -> str:
    """Return the option of a rerun command that names the fixture set, '' for the pack's default."""
    return _option(rerun, "--manifest")


def _option(rerun: str, name: str) -> str:
    parts = _parts(rerun)
    return parts[parts.index(name) + 1] if name in parts[:-1] else ""


def _window_length(rerun: str) -> str:
    """Return the length of the window that a rerun command names, its ends as they are when they are no times."""
    ends = [_option(rerun, name) for name in _WINDOW]
    try:
        start, end = map(parse_utc, ends)
    except UsageError:
        return " ".join(ends)
    return str(end - start)


def by_conditions(entries: Iterable[RunEntry]) -> dict[Conditions, list[RunEntry]]:
    """Return the entries by what they ran on, in the order given, without runs that changed their own data."""
    found: dict[Conditions, list[RunEntry]] = {}
    for entry in entries:
        if not entry.injected:
            found.setdefault(conditions(entry), []).append(entry)
    return found


@lru_cache(maxsize=2048)
def _other_options(rerun: str, left_out: frozenset[str]) -> tuple[str, ...]:
    parts = _parts(rerun)
    skipped = {place + offset for place, part in enumerate(parts) if part in left_out for offset in (0, 1)}
    return tuple(part for place, part in enumerate(parts) if place not in skipped)


@lru_cache(maxsize=1024)
def _parts(rerun: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(rerun))
    except ValueError:  # not a command that this version wrote
        return (rerun,)
