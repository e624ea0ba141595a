"""Judge a mutation: the check whose data it breaks must fail, and no unrelated check may fail."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from streamproof.model.results import CheckResult, Status

_UNSOUND = (Status.FAILED, Status.ERRORED)
_LONGEST = 300
# The reason, by whether the mutation declares which other checks fail with it.
_WHY_UNRELATED = {
    True: "these fail too and are not declared; narrow the mutation or add to its ALSO FAILS",
    False: "these fail too and read nothing of what it changes",
}


class Outcome(StrEnum):
    """The outcome of a mutation. Only `proved` shows that the check can fail."""

    PROVED = "proved"
    SURVIVED = "survived"
    UNRELATED = "unrelated checks fail"
    REFUSED = "not a mutation"


@dataclass(frozen=True, slots=True)
class Mutant:
    """A mutation of a check: statements that break the data which the check judges, in a clone of a correct database.

    By default, every check that reads a changed object may fail too. If `also_fails` names checks, only these may.
    `parameters` are the query parameters of the statements. With `presence`, an exception of the check also proves it,
    because it checks that an object exists.
    """

    suite: str
    check: str
    name: str
    statements: tuple[str, ...]
    also_fails: tuple[str, ...] = ()
    parameters: frozenset[str] = frozenset()
    presence: bool = False
    source: str = ""


@dataclass(frozen=True, slots=True)
class Proof:
    """The result of one mutation. `reason` says why it proves nothing; `duration_sec` is wall time in seconds.

    `unrelated` are other checks that failed although they must not.
    """

    mutant: Mutant
    outcome: Outcome
    reason: str = ""
    unrelated: tuple[str, ...] = ()
    duration_sec: float = 0.0

    @property
    def proved(self) -> bool:
        """Return whether the check is proved able to fail in this way."""
        return self.outcome is Outcome.PROVED

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return {
            "suite": self.mutant.suite,
            "check": self.mutant.check,
            "mutation": self.mutant.name,
            "outcome": self.outcome.value,
            "reason": self.reason,
            "unrelated": list(self.unrelated),
            "source_file": self.mutant.source,
            "duration_sec": round(self.duration_sec, 3),
        }


def judge_mutant(
    mutant: Mutant,
    results: Sequence[CheckResult],
    *,
    changed: Collection[str],
    may_error: Collection[str] = (),
    may_fail: Collection[str] = (),
) -> Proof:
    """Judge a mutation by the results of its own check and of the other checks that ran.

    `changed` are the objects that it changed. `may_error` are the checks whose query may raise an error, because they
    read an object that no longer exists. `may_fail` are the checks whose failure is allowed. All others must pass.
    """
    reason = _not_noticed(mutant, {result.name: result for result in results}, changed)
    if reason:
        return Proof(mutant, Outcome.SURVIVED, reason)
    unrelated = tuple(
        result.name
        for result in results
        if result.status in _UNSOUND
        and result.name not in (mutant.check, *may_fail)
        and not (result.status is Status.ERRORED and result.name in may_error)
    )
    if unrelated:
        names = ", ".join(unrelated)
        return Proof(mutant, Outcome.UNRELATED, f"{_WHY_UNRELATED[bool(mutant.also_fails)]}: {names}", unrelated)
    return Proof(mutant, Outcome.PROVED)


def _not_noticed(mutant: Mutant, results: Mapping[str, CheckResult], changed: Collection[str]) -> str:
    """Return why the check does not detect its mutation, '' when it does."""
    if not changed:
        return "the mutation changes nothing"
    own = results.get(mutant.check)
    if own is None:
        return f"the check reads nothing of what the mutation changes ({', '.join(sorted(changed))})"
    if own.status is Status.ERRORED:
        error = (own.error or "")[:_LONGEST]
        return "" if mutant.presence else f"it could not judge, which proves only a presence check: {error}"
    if own.status is Status.SKIPPED:
        return "it finds nothing to judge and is skipped"
    return "" if own.status is Status.FAILED else "it still passes"
