"""What the stage computes of the golden set, and what it leaves for the report."""

from __future__ import annotations

from typing import Any

import pytest

from streamproof.checks.oracle import Judgement
from streamproof.model.errors import UsageError
from streamproof.model.plan import PROVE
from streamproof.stages.judging import oracle


def test_the_expected_sessions_are_those_of_the_published_events(planned):
    judge = oracle.oracle_judge(planned())
    assert len(judge._expected) == 19
    assert {label for labels in judge._labels.values() for label in labels} >= {"scenario_3_success_with_swap"}


def test_a_smoke_run_expects_what_it_replays(planned):
    judge = oracle.oracle_judge(planned(mode="smoke"))
    assert len(judge._expected) == len(judge._labels) == 5


def test_the_checks_are_proved_with_the_others(planned):
    [subject] = oracle.oracle_subjects(planned(mode=PROVE))
    assert (
        set(subject.checks) == {"oracle_sessions_match", "scenario_identity"} == {one.check for one in subject.mutants}
    )
    assert subject.compares_all
    assert "v_latest_sessions" in subject.text
    assert "fact_stream_trace_edges" in subject.text


def test_one_of_them_can_be_asked_for(planned):
    planned(mode=PROVE, prove_suites=("oracle",), prove_checks=("scenario_identity",))
    with pytest.raises(UsageError, match="no check 'scenario_identity_'"):
        planned(run_id="r2", mode=PROVE, prove_checks=("scenario_identity_",))


def test_the_report_shows_what_is_wrong_first(pack):
    def row(session: str, label: str | None, seen: str | None, *differences: str) -> dict[str, Any]:
        return {
            "workflow_session_id": session,
            "scenario_expected": label,
            "scenario_observed": seen,
            "oracle_differences": list(differences),
        }

    rows = [row("fine", "a", "a"), row("unlabelled", None, "a"), row("other", "a", "b"), row("differs", "a", "a", "x")]
    details = oracle._details(Judgement((), tuple(rows * 20)), pack.entities)
    assert [entry["id"] for entry in details["sessions"][:40]] == ["other", "differs"] * 20
    assert (details["sessions_total"], len(details["sessions"])) == (80, oracle.SHOWN)
    assert details["sessions"][1]["differences"] == 1
    assert details["scenarios"] == [
        {"expected": "a", "observed": "b", "entities": 20, "examples": ["other"] * 10},
        {"expected": "a", "observed": "a", "entities": 40, "examples": ["differs"] * 10},
        {"expected": None, "observed": "a", "entities": 20, "examples": ["unlabelled"] * 10},
    ]
