"""The entry of a run says what the run was, and holds numbers only."""

from __future__ import annotations

from dataclasses import replace

import pytest

from streamproof.history.entries import entry_of
from streamproof.model.results import CheckResult, StageResult, Status

START = "2026-03-01T02:15:00.000Z"


def test_a_failed_run_has_its_verdict_layer_stage_times_and_checks(ended):
    found = entry_of(*ended("failed"))

    assert (found.verdict, found.first_broken_layer, found.checks_failed) == ("failed", "typed", 2)
    assert found.checks_total == found.checks_failed + sum(c.status == "passed" for c in found.checks.values())
    assert found.stages["stack_up"] == 2.31
    assert found.duration_sec == 10.0
    broken = found.checks["raw_typed.raw_to_typed_counts_match"]
    assert (broken.status, broken.failed_rows) == ("failed", 1)
    assert broken.diagnostics == {"raw_core": 3988.0, "typed_core": 3987.0, "missing": 1.0}
    assert found.checks["raw_typed.payment_rows_priced"].status == "skipped"


@pytest.mark.parametrize("item", [True, "12", None, [1], {"a": 1}, float("nan"), float("inf"), 10**400])
def test_a_diagnostic_that_is_not_a_finite_number_is_left_out(ended, item):
    check = CheckResult("orders", "no_loss", Status.PASSED, diagnostics={"item": item, "rows": 3, "share": 0.5})
    summary, _ = ended()

    found = entry_of(summary, {"s": StageResult("s", Status.PASSED, START, START, 0.1, checks=(check,))})

    assert found.checks["orders.no_loss"].diagnostics == {"rows": 3.0, "share": 0.5}


def test_a_run_that_a_stage_broke_is_an_error_and_says_which(ended):
    found = entry_of(*ended("error"))

    assert found.verdict == "error"
    assert "The broker closed the connection" in found.remark


def test_a_run_that_was_interrupted_is_no_error(ended):
    summary, results = ended("error")
    for stage in summary["results"]:
        stage["error"] = None

    assert entry_of(summary, results).verdict == "interrupted"


@pytest.mark.parametrize(
    ("changes", "known"),
    [
        ({}, True),
        ({"git_commit": "0d4c9a1f+changes"}, False),
        ({"git_commit": "unknown"}, False),
        ({"git_commit": ""}, False),
        ({"fixture_sha256": ""}, False),
    ],
)
def test_the_source_of_a_run_is_known_with_a_clean_commit_and_a_fixture_set(entry, changes, known):
    assert replace(entry(1), **changes).has_known_source is known


def test_an_injected_run_says_so(ended):
    assert entry_of(*ended("failed", inject="/tmp/break.sql")).injected
    assert not entry_of(*ended("failed")).injected


def test_it_names_the_dag_that_made_the_run(ended):
    assert entry_of(*ended(dag_id="streamproof_run", dag_run_id="manual__1")).dag_id == "streamproof_run"
    assert entry_of(*ended()).dag_id == ""
