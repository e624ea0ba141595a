"""The runs before a run that ask the same question."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile

from streamproof.history.conditions import asks_the_same
from streamproof.history.entries import ERROR, FAILED, PASSED, RunEntry

_ENDED = (PASSED, FAILED, ERROR)


def previous_run(entries: Sequence[RunEntry], run_id: str) -> RunEntry | None:
    """Return the last run before this one that asks the same: pack, mode, stack, processor, suites, other options.

    `entries` are newest first. Runs that changed their own data, that were interrupted or that still go on are passed
    over. The result is None when there is no such run, or `run_id` is not among the entries.
    """
    own = _find(entries, run_id)
    return next(_runs_before(entries, own), None) if own else None


def failures_before(entries: Sequence[RunEntry], run_id: str) -> tuple[RunEntry, ...]:
    """Return the runs that failed or could not be judged since the last that passed, the newest first.

    They are found as by `previous_run`, but for the run of a DAG, only among the runs of this DAG. There are none
    before a run that changed its own data, because it does not end a failure.
    """
    own = _find(entries, run_id)
    if own is None or own.injected:
        return ()
    before = (entry for entry in _runs_before(entries, own) if own.dag_id in ("", entry.dag_id))
    return tuple(takewhile(lambda entry: entry.verdict != PASSED, before))


def _find(entries: Sequence[RunEntry], run_id: str) -> RunEntry | None:
    return next((entry for entry in entries if entry.run_id == run_id), None)


def _runs_before(entries: Sequence[RunEntry], own: RunEntry) -> Iterator[RunEntry]:
    for entry in entries:
        earlier = (entry.started_at, entry.run_id) < (own.started_at, own.run_id)
        if earlier and not entry.injected and entry.verdict in _ENDED and asks_the_same(entry, own):
            yield entry
