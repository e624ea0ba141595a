"""What a proof needs before it begins, and what it says about each check."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from streamproof.model.errors import StreamproofError, UsageError
from streamproof.model.plan import PROVE
from streamproof.model.proofs.proof import Mutant, Outcome, Proof
from streamproof.model.results import CheckResult, StageResult, Status
from streamproof.proving.mutations import Subject
from streamproof.runs.request import RunRequest
from streamproof.runs.rerun import rerun_command
from streamproof.sql.blocks import parse_blocks
from streamproof.stages.judging import prove


def ended(ctx, stage: str, *checks: CheckResult, error: str | None = None) -> None:
    ctx.folder.write_stage(StageResult(stage, Status.PASSED, "", "", 0.0, error=error, checks=checks))


def proof(check: str, name: str, outcome: Outcome = Outcome.PROVED) -> Proof:
    reason = "" if outcome is Outcome.PROVED else "it still passes"
    return Proof(Mutant("s", check, name, (), source=f"s/{check}.sql"), outcome, reason)


def subject(*checks: str) -> Subject:
    return Subject("s", checks, (), "", lambda _client: [])


def test_the_proof_comes_after_everything_that_judges(planned):
    stages = planned(mode=PROVE).plan.planned_stages
    assert stages[-1] == PROVE
    assert PROVE not in planned(run_id="r2").plan.planned_stages


def test_what_is_to_be_proved_is_narrowed_and_the_run_is_not(planned):
    plan = planned(mode=PROVE, prove_suites=("conservation",), prove_checks=("conservation_ledger_is_whole",)).plan
    assert plan.suites
    assert (plan.prove_suites, plan.prove_checks) == (("conservation",), ("conservation_ledger_is_whole",))


@pytest.mark.parametrize(
    ("request_", "says"),
    [({"prove_suites": ("pipelin",)}, "no suite 'pipelin'"), ({"prove_checks": ("nothing",)}, "no check 'nothing'")],
)
def test_what_is_not_there_cannot_be_proved(planned, request_, says):
    with pytest.raises(UsageError, match=says):
        planned(mode=PROVE, **request_)


def test_a_similar_name_is_suggested(planned):
    with pytest.raises(UsageError) as caught:
        planned(mode=PROVE, prove_checks=("conservation_ledger_is_hole",))
    assert "conservation_ledger_is_whole" in caught.value.hint


def test_the_rerun_command_proves_again():
    request = RunRequest(mode=PROVE, kafka="mock", prove_suites=("raw_typed",), prove_checks=("a", "b"))
    assert rerun_command(request) == "streamproof prove --kafka mock --suites raw_typed --check a --check b"


def test_a_run_that_has_not_been_judged_proves_nothing(planned):
    with pytest.raises(StreamproofError, match="assert_raw_typed has not judged"):
        prove.run(planned(mode=PROVE))


@pytest.mark.parametrize("status", [Status.FAILED, Status.ERRORED])
def test_a_run_whose_checks_do_not_hold_proves_nothing(planned, status):
    ctx = planned(mode=PROVE)
    for stage in ctx.plan.judging_stages[:-1]:
        ended(ctx, stage, CheckResult("s", "fine", Status.PASSED), CheckResult("s", "odd", Status.SKIPPED))
    ended(ctx, "conservation", CheckResult("conservation", "broken", status, error="why"))
    with pytest.raises(StreamproofError, match=r"do not all hold: conservation\.broken \(why\)") as caught:
        prove.run(ctx)
    assert caught.value.exit_code == 3


def test_a_check_is_proved_by_all_its_mutations():
    proofs = [proof("a", "one"), proof("a", "two"), proof("b", "one"), proof("b", "two", Outcome.SURVIVED)]
    checks = [prove._result(subject("a", "b", "c"), name, proofs) for name in "abc"]
    assert [check.status for check in checks] == [Status.PASSED, Status.FAILED, Status.FAILED]
    document = prove._document(checks, proofs)
    assert (document["checks"], document["proved"], document["informational"]) == (3, 1, 0)
    assert document["survivors"] == [
        {"suite": "s", "check": "b", "source_file": "s/b.sql", "mutations": {"two": "survived: it still passes"}},
        {"suite": "s", "check": "c", "source_file": "", "mutations": {}},
    ]


def test_diagnostics_are_listed_and_count_nowhere():
    document = prove._document([], [], ["s.shown"])
    assert (document["checks"], document["informational"], document["informational_checks"]) == (0, 1, ["s.shown"])
    assert document["survivors"] == []


def test_conservation_may_fail_with_any_mutation_and_has_those_of_places_with_events_only(monkeypatch):
    text = "-- TEST: {0}\nSELECT 0 AS failed_rows FROM {0};\n-- MUTATION: m\n-- PLACE: {0}\nDELETE FROM {0} WHERE 1;\n"
    checks = [(suite, parse_blocks(text.format(suite), suite)[0]) for suite in ("typed", "conservation")]
    monkeypatch.setattr(prove, "asked_of", lambda _ctx: checks)
    monkeypatch.setattr(prove, "places_with_ids", lambda _ctx: frozenset({"conservation"}))
    monkeypatch.setattr(prove, "pack_contracts", lambda _ctx: ())
    ctx = SimpleNamespace(check_parameters=dict, plan=SimpleNamespace(oracle=False))
    typed, conservation = prove.pack_subjects(ctx)
    assert (typed.compares_all, typed.mutants) == (False, ())
    assert (conservation.compares_all, [mutant.name for mutant in conservation.mutants]) == (True, ["m"])
