"""Which rungs a run has proved: those whose stages ran and judged, and no others."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from streamproof.model.plan import PlannedStage, Role
from streamproof.model.results import CheckResult, StageResult, Status
from streamproof.model.rungs import proved_rungs

PLAN = SimpleNamespace(
    rungs=("judged", "drained", "raw_complete", "ids_accounted"),
    stages=(
        PlannedStage("pipeline_wait", rungs=("drained",)),
        PlannedStage("assert_a", Role.JUDGE, rungs=("judged",)),
        PlannedStage("contracts", Role.JUDGE, rungs=("judged",)),
        PlannedStage("conservation", Role.JUDGE, rungs=("raw_complete", "ids_accounted")),
    ),
)
CHECKS = {
    "pipeline_wait": [],
    "assert_a": [("x", "passed", "")],
    "contracts": [("y", "passed", "")],
    "conservation": [("raw", "passed", "raw_complete"), ("ids", "passed", "ids_accounted")],
}


def proved(*, without=(), errors=(), **changed):
    results = {}
    for stage, checks in {**CHECKS, **changed}.items():
        found = tuple(CheckResult("s", name, Status(status), rung=rung) for name, status, rung in checks)
        error = "broke" if stage in errors else None
        status = Status.ERRORED if error else Status.PASSED
        if stage not in without:
            results[stage] = StageResult(stage, status, "", "", 0.0, error=error, checks=found)
    return proved_rungs(PLAN, results)


def test_a_run_in_which_all_holds_has_proved_what_the_pack_offers():
    assert proved() == ["judged", "drained", "raw_complete", "ids_accounted"]


@pytest.mark.parametrize("status", ["failed", "errored"])
def test_a_check_that_does_not_hold_takes_its_rung_only(status):
    assert proved(conservation=[("raw", status, "raw_complete"), ("ids", "passed", "ids_accounted")]) == [
        "judged", "drained", "ids_accounted",
    ]  # fmt: skip
    assert "judged" not in proved(contracts=[("y", status, "")])


def test_what_judged_nothing_proves_nothing():
    assert "raw_complete" not in proved(conservation=[("raw", "skipped", "raw_complete")])
    assert "judged" in proved(contracts=[("y", "skipped", "")])


def test_a_stage_that_did_not_run_or_broke_proves_nothing():
    assert proved(without=("pipeline_wait", "contracts")) == ["raw_complete", "ids_accounted"]
    assert proved(errors=("pipeline_wait", "conservation")) == ["judged"]
