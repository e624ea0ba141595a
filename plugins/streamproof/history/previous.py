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
    over; so are, for the run of a DAG, the runs that this DAG did not make. The result is None when there is no such
    run, or `run_id` is not among the entries.
    """
    return next(_runs_before(entries, run_id), None)


def failures_before(entries: Sequence[RunEntry], run_id: str) -> tuple[RunEntry, ...]:
    """Return the runs that failed or could not be judged since the last that passed, as by `previous_run`.

    The newest is first. There are none before a run that changed its own data, because it does not end a failure.
    """
    found = tuple(takewhile(lambda entry: entry.verdict != PASSED, _runs_before(entries, run_id)))
    return () if any(entry.run_id == run_id and entry.injected for entry in entries) else found


def _runs_before(entries: Sequence[RunEntry], run_id: str) -> Iterator[RunEntry]:
    own = next((entry for entry in entries if entry.run_id == run_id), None)
    if own is None:
        return
    for entry in entries:
        if (entry.started_at, entry.run_id) < (own.started_at, own.run_id) and _is_comparable(entry, own):
            yield entry


def _is_comparable(entry: RunEntry, own: RunEntry) -> bool:
    same_dag = own.dag_id in ("", entry.dag_id)
    return same_dag and not entry.injected and entry.verdict in _ENDED and asks_the_same(entry, own)
