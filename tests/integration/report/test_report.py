"""The report of real runs."""

from __future__ import annotations


def test_runs(passed_run, failed_run):
    assert "Passed" in (passed_run / "report.html").read_text(encoding="utf-8")
    assert "Failed" in (failed_run / "report.html").read_text(encoding="utf-8")
