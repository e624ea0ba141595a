"""Runs and checks that give different results on the same commit, fixtures and options.

FLAKY is a label of the history. A check of a run never has it as its status.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from streamproof.history.conditions import by_conditions
from streamproof.history.entries import ERROR, FAILED, PASSED, RunEntry
from streamproof.model.results import Status

_VERDICTS = frozenset({PASSED, FAILED, ERROR})
# A skipped check found nothing to judge, which is no result.
_RESULTS = frozenset({Status.PASSED.value, Status.FAILED.value, Status.ERRORED.value})


@dataclass(frozen=True, slots=True)
class FlakyGroup:
    """The runs of one commit under the same conditions: run id and status of the check, the first run first."""

    git_commit: str
    runs: tuple[tuple[str, str], ...]

    @property
    def changes(self) -> int:
        """Return how many times the status differs from that of the run before."""
        statuses = [status for _, status in self.runs]
        return sum(before != now for before, now in pairwise(statuses))


@dataclass(frozen=True, slots=True)
class FlakyCheck:
    """A check, `suite.name`, with the groups of runs in which its status changed.

    `changes` counts the changes from one run to the next, `runs` the runs of these groups.
    """

    name: str
    changes: int
    runs: int
    groups: tuple[FlakyGroup, ...]


def flaky_runs(entries: Iterable[RunEntry]) -> set[str]:
    """Return the ids of all runs that have another verdict than a run of the same commit under the same conditions.

    Left out are runs that changed their own data, that have uncommitted changes, no known commit or no fixture set,
    and that did not end.
    """
    return {
        entry.run_id
        for group in _groups(entries)
        if len({entry.verdict for entry in group}) > 1
        for entry in group
    }  # fmt: skip


def flaky_checks(entries: Iterable[RunEntry]) -> dict[str, FlakyCheck]:
    """Return the checks whose status differs between runs of one commit under the same conditions, by `suite.name`.

    The statuses `passed`, `failed` and `errored` are compared. Runs are left out as by `flaky_runs`.
    """
    found: dict[str, list[FlakyGroup]] = {}
    for group in _groups(entries):
        for name, runs in _changing(group).items():
            found.setdefault(name, []).append(FlakyGroup(group[0].git_commit, runs))
    return {
        name: FlakyCheck(
            name, sum(group.changes for group in groups), sum(len(group.runs) for group in groups), tuple(groups)
        )
        for name, groups in sorted(found.items())
    }


def _groups(entries: Iterable[RunEntry]) -> Iterator[list[RunEntry]]:
    """Yield the runs of one commit under the same conditions, the first first, where there are several."""
    usable = [entry for entry in entries if entry.has_known_source and entry.verdict in _VERDICTS]
    for same in by_conditions(usable).values():
        by_commit: dict[str, list[RunEntry]] = {}
        for entry in sorted(same, key=lambda entry: entry.started_at):
            by_commit.setdefault(entry.git_commit, []).append(entry)
        yield from (group for group in by_commit.values() if len(group) > 1)


def _changing(group: Sequence[RunEntry]) -> Mapping[str, tuple[tuple[str, str], ...]]:
    """Return run ids and statuses of the checks that have more than one status in a group."""
    runs: dict[str, list[tuple[str, str]]] = {}
    for entry in group:
        for name, check in entry.checks.items():
            if check.status in _RESULTS:
                runs.setdefault(name, []).append((entry.run_id, check.status))
    return {name: tuple(found) for name, found in runs.items() if len({status for _, status in found}) > 1}
