"""What a run's summary becomes in the log of runs."""

from __future__ import annotations

from datetime import UTC, datetime

from streamproof.warehouse.common.run_rows import rows_of

SUMMARY = {
    "run_id": "r1",
    "pack": "livepeer",
    "mode": "full",
    "verdict": "failed",
    "stack": {"name": "external"},
    "git_commit": "abc",
    "first_broken_layer": "raw",
    "error": None,
    "started_at": "2026-11-22T03:00:00.250Z",
    "duration_sec": 12.5,
    "checks": {"total": 4, "passed": 2, "failed": 1, "errored": 0, "skipped": 1},
    "results": [
        {
            "stage": "stack_up",
            "status": "passed",
            "started_at": "2026-11-22T03:00:01.000Z",
            "duration_sec": 1,
            "error": None,
        }
    ],
    "failures": [{"suite": "raw_typed", "name": "raw_events_present", "failed_rows": 3, "diagnostics": {}}],
}


def test_a_summary_becomes_one_run_its_stages_and_its_failures():
    found = rows_of(SUMMARY)

    (run,) = found["runs"]
    assert (run["verdict"], run["first_broken_layer"], run["error"], run["stack"]) == ("failed", "raw", "", "external")
    assert (run["checks_passed"], run["checks_failed"], run["checks_errored"], run["checks_skipped"]) == (2, 1, 0, 1)
    assert run["started_at"] == datetime(2026, 11, 22, 3, 0, 0, 250_000, tzinfo=UTC)
    assert [(row["stage"], row["duration_sec"]) for row in found["run_stages"]] == [("stack_up", 1.0)]
    assert [(row["name"], row["failed_rows"]) for row in found["run_failures"]] == [("raw_events_present", 3)]


def test_a_run_that_passed_has_no_failures():
    assert rows_of({**SUMMARY, "failures": [], "first_broken_layer": None})["run_failures"] == []
