"""What proves that a check can fail, and what does not."""

from __future__ import annotations

import pytest

from streamproof.model.proofs.proof import Mutant, Outcome, judge_mutant
from streamproof.model.results import CheckResult, Status

P, F, E, S = Status.PASSED, Status.FAILED, Status.ERRORED, Status.SKIPPED

# What the check and its neighbours result in, what else is so, the outcome, and a word of the reason.
CASES = {
    "it fails alone": ({"own": F, "other": P}, {}, Outcome.PROVED, ""),
    "another is skipped": ({"own": F, "other": S}, {}, Outcome.PROVED, ""),
    "it still passes": ({"own": P, "other": P}, {}, Outcome.SURVIVED, "still passes"),
    "only another one fails": ({"own": P, "other": F}, {}, Outcome.SURVIVED, "still passes"),
    "it is skipped": ({"own": S}, {}, Outcome.SURVIVED, "skipped"),
    "it breaks": ({"own": E}, {}, Outcome.SURVIVED, "could not judge"),
    "a presence check breaks": ({"own": E}, {"presence": True}, Outcome.PROVED, ""),
    "a presence check fails": ({"own": F}, {"presence": True}, Outcome.PROVED, ""),
    "a presence check passes": ({"own": P}, {"presence": True}, Outcome.SURVIVED, "still passes"),
    "nothing has changed": ({"own": F}, {"changed": ()}, Outcome.SURVIVED, "changes nothing"),
    "it reads nothing of it": ({"other": P}, {}, Outcome.SURVIVED, "reads nothing of what the mutation changes (t)"),
    "one that must stay green fails": (
        {"own": F, "other": F},
        {},
        Outcome.UNRELATED,
        "read nothing of what it changes: other",
    ),
    "one that must stay green breaks": ({"own": F, "other": E}, {}, Outcome.UNRELATED, "other"),
    "one that is not declared fails": (
        {"own": F, "other": F, "third": F},
        {"also_fails": ("third",), "may_fail": ("third",)},
        Outcome.UNRELATED,
        "ALSO FAILS: other",
    ),
    "one that may fail fails": ({"own": F, "other": F}, {"may_fail": ("other",)}, Outcome.PROVED, ""),
    "one that may fail breaks": ({"own": F, "other": E}, {"may_fail": ("other",)}, Outcome.PROVED, ""),
    "one that may fail passes": ({"own": F, "other": P}, {"may_fail": ("other",)}, Outcome.PROVED, ""),
    "a reader of a missing object breaks": ({"own": F, "other": E}, {"may_error": ("other",)}, Outcome.PROVED, ""),
    "a reader of a missing object fails": (
        {"own": F, "other": F},
        {"may_error": ("other",)},
        Outcome.UNRELATED,
        "other",
    ),
    "only one that may fail fails": (
        {"own": P, "other": F},
        {"may_fail": ("other",)},
        Outcome.SURVIVED,
        "still passes",
    ),
    "an allowed error proves nothing": ({"own": E}, {"may_error": ("own",)}, Outcome.SURVIVED, "could not judge"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_mutant_is_judged(case):
    statuses, given, outcome, reason = CASES[case]
    mutant = Mutant(
        "suite", "own", "break it", ("SELECT 1",), given.get("also_fails", ()), presence=given.get("presence", False)
    )
    results = [CheckResult("suite", name, status, error="no table") for name, status in statuses.items()]
    proof = judge_mutant(
        mutant,
        results,
        changed=given.get("changed", ("t",)),
        may_error=given.get("may_error", ()),
        may_fail=given.get("may_fail", ()),
    )
    assert proof.outcome is outcome
    assert proof.proved is (outcome is Outcome.PROVED)
    assert reason in proof.reason
    assert bool(proof.reason) is not proof.proved


def test_a_proof_as_data():
    mutant = Mutant("s", "own", "break it", ("SELECT 1",), source="s/own.sql")
    told = judge_mutant(mutant, [CheckResult("s", "own", F), CheckResult("s", "b", F)], changed=("t",)).as_json()
    assert told == {
        "suite": "s", "check": "own", "mutation": "break it", "outcome": "unrelated checks fail",
        "reason": told["reason"], "unrelated": ["b"], "source_file": "s/own.sql", "duration_sec": 0.0,
    }  # fmt: skip
