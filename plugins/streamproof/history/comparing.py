"""Two runs compared: verdicts, checks, stage times and numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from streamproof.history.entries import RunEntry

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Pair(Generic[T]):
    """A value by its name in run A and in run B."""

    name: str
    a: T
    b: T


@dataclass(frozen=True, slots=True)
class Comparison:
    """Run A beside run B.

    `checks_that_changed` are the statuses of the checks (`suite.name`) for which they differ, `stage_times` the seconds
    of all stages that both runs have, `diagnostics_that_changed` the numbers (`suite.name.diagnostic`) that differ.
    `only_in_a` and `only_in_b` are checks that the other run does not have.
    """

    verdicts: tuple[str, str]
    checks_that_changed: tuple[Pair[str], ...]
    stage_times: tuple[Pair[float], ...]
    diagnostics_that_changed: tuple[Pair[float], ...]
    only_in_a: tuple[str, ...]
    only_in_b: tuple[str, ...]


def compare(a: RunEntry, b: RunEntry) -> Comparison:
    """Compare two runs, which may be of different commits, fixtures or modes."""
    both = [name for name in a.checks if name in b.checks]
    statuses = [Pair(name, a.checks[name].status, b.checks[name].status) for name in both]
    return Comparison(
        verdicts=(a.verdict, b.verdict),
        checks_that_changed=tuple(pair for pair in statuses if pair.a != pair.b),
        stage_times=tuple(Pair(name, a.stages[name], b.stages[name]) for name in a.stages if name in b.stages),
        diagnostics_that_changed=tuple(pair for name in both for pair in _numbers(name, a, b)),
        only_in_a=tuple(name for name in a.checks if name not in b.checks),
        only_in_b=tuple(name for name in b.checks if name not in a.checks),
    )


def _numbers(check: str, a: RunEntry, b: RunEntry) -> Iterator[Pair[float]]:
    """Yield the numbers of a check that both runs have and that differ."""
    ours, theirs = a.checks[check].diagnostics, b.checks[check].diagnostics
    for name, number in ours.items():
        if name in theirs and theirs[name] != number:
            yield Pair(f"{check}.{name}", number, theirs[name])
