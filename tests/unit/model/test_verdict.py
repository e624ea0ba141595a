"""The one rule that turns results into a verdict."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamproof.model.results import CheckResult, StageResult, Status, Verdict
from streamproof.model.verdict import EXIT_CODES, failed_checks, judge, unjudged

PLANNED = ("stack_up", "replay_events", "assert_raw_typed", "contracts")
JUDGING = ("assert_raw_typed", "contracts")


def check(status: Status, **changes) -> CheckResult:
    return CheckResult("suite", "name", status, **changes)


def stage(name: str, *checks: CheckResult, status: Status = Status.PASSED, error: str | None = None) -> StageResult:
    return StageResult(name, status, "", "", 0.0, error=error, checks=checks)


def run(**changes: StageResult) -> dict[str, StageResult]:
    results = {
        "stack_up": stage("stack_up"),
        "replay_events": stage("replay_events"),
        "assert_raw_typed": stage("assert_raw_typed", check(Status.PASSED)),
        "contracts": stage("contracts", check(Status.PASSED)),
    }
    return {**results, **changes}


def test_a_run_that_did_all_it_planned_is_passed():
    assert judge(PLANNED, JUDGING, run()) is Verdict.PASSED
    assert unjudged(PLANNED, JUDGING, run()) == []


@pytest.mark.parametrize("stage_name", PLANNED)
def test_a_stage_that_never_ended_makes_it_an_error(stage_name):
    results = run()
    del results[stage_name]
    assert judge(PLANNED, JUDGING, results) is Verdict.ERROR
    assert unjudged(PLANNED, JUDGING, results) == [f"{stage_name} did not run"]


def test_a_failed_check_is_failed_even_when_another_could_not_be_judged():
    results = run(assert_raw_typed=stage("assert_raw_typed", check(Status.FAILED), check(Status.ERRORED, error="x")))
    assert judge(PLANNED, JUDGING, results) is Verdict.FAILED
    assert len(failed_checks(results)) == 1


def test_checks_on_half_the_data_do_not_turn_an_error_into_a_failure():
    results = run(
        replay_events=stage("replay_events", status=Status.ERRORED, error="broker died"),
        assert_raw_typed=stage("assert_raw_typed", check(Status.FAILED)),
    )
    assert judge(PLANNED, JUDGING, results) is Verdict.ERROR


@pytest.mark.parametrize("checks", [(), (check(Status.SKIPPED),)])
def test_a_suite_that_judged_nothing_is_an_error(checks):
    assert judge(PLANNED, JUDGING, run(contracts=stage("contracts", *checks))) is Verdict.ERROR


def test_a_suite_with_nothing_to_ask_is_no_error_where_every_skip_is_explained():
    explained = check(Status.SKIPPED, diagnostics={"skip_reason": "nothing to judge", "explained_by": "the ledger"})
    open_question = check(Status.SKIPPED, diagnostics={"skip_reason": "nothing to judge", "explained_by": ""})
    assert judge(PLANNED, JUDGING, run(contracts=stage("contracts", explained))) is Verdict.PASSED
    assert judge(PLANNED, JUDGING, run(contracts=stage("contracts", explained, open_question))) is Verdict.ERROR


def test_a_suite_that_needs_a_run_is_left_out_where_anything_else_is_judged():
    needs_a_run = check(Status.SKIPPED, diagnostics={"skip_reason": "needs a log", "only_a_run_has": "a log"})
    nothing_there = check(Status.SKIPPED, diagnostics={"skip_reason": "nothing to judge"})
    both = stage("contracts", needs_a_run, needs_a_run)
    assert judge(PLANNED, JUDGING, run(contracts=both)) is Verdict.PASSED
    assert judge(PLANNED, JUDGING, run(contracts=stage("contracts", needs_a_run, nothing_there))) is Verdict.ERROR
    failed = run(contracts=both, assert_raw_typed=stage("assert_raw_typed", check(Status.FAILED)))
    assert judge(PLANNED, JUDGING, failed) is Verdict.FAILED
    # A green never comes from nothing judged.
    nothing = run(contracts=both, assert_raw_typed=stage("assert_raw_typed", needs_a_run))
    assert judge(PLANNED, JUDGING, nothing) is Verdict.ERROR
    assert unjudged(PLANNED, JUDGING, nothing) == ["assert_raw_typed judged nothing", "contracts judged nothing"]


def test_a_check_that_could_not_be_judged_is_named():
    results = run(contracts=stage("contracts", check(Status.PASSED), check(Status.ERRORED, error="no such table")))
    assert judge(PLANNED, JUDGING, results) is Verdict.ERROR
    assert unjudged(PLANNED, JUDGING, results) == ["suite.name could not be judged: no such table"]


@given(st.lists(st.sampled_from(Status), min_size=1, max_size=6), st.lists(st.sampled_from(Status), max_size=6))
def test_passed_means_that_everything_judged_held_and_every_suite_judged(first, second):
    results = run(
        assert_raw_typed=stage("assert_raw_typed", *map(check, first)),
        contracts=stage("contracts", *map(check, second)),
    )
    passed = all(Status.PASSED in seen and not {Status.FAILED, Status.ERRORED} & set(seen) for seen in (first, second))
    assert (judge(PLANNED, JUDGING, results) is Verdict.PASSED) == passed
    assert (judge(PLANNED, JUDGING, results) is Verdict.FAILED) == (Status.FAILED in (*first, *second))


def test_every_verdict_has_an_exit_code_of_its_own():
    assert sorted(EXIT_CODES[verdict] for verdict in Verdict) == [0, 1, 3]
    assert len({EXIT_CODES[first] == EXIT_CODES[second] for first, second in product(Verdict, Verdict)}) == 2
