"""A run ends with a verdict, a report and JUnit, whatever its stages have left."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from streamproof.history.store import read_history
from streamproof.model.results import CheckResult, StageResult, Status
from streamproof.stages import publish_summary
from streamproof.stages.publish_summary import publish, run
from streamproof.stages.publishing.diagnostics import collect_diagnostics

START = "2026-03-01T02:15:00.000Z"
REPORTS = ("report.md", "report.html", "junit.xml")


def stage(name, status=Status.PASSED, **found):
    return StageResult(name, status, START, START, 0.1, **found)


@pytest.fixture
def ctx(planned):
    return planned()


@pytest.fixture
def logged(ctx):
    lines: list[str] = []
    return replace(ctx, log=lines.append), lines


def test_a_replay_that_ended_halfway_leaves_a_verdict(logged):
    ctx, lines = logged
    ctx.folder.write_stage(
        stage("replay_events", Status.ERRORED, error="a record of 12 MB is too large", hint="Split it.")
    )

    outcome = run(ctx)

    assert outcome.details["verdict"] == "error"
    assert "12 MB" in outcome.details["error"]
    assert all((ctx.folder.root / name).stat().st_size for name in REPORTS)
    offsets = json.loads((ctx.folder.diagnostics / "offsets.json").read_text())
    assert "The replay ended without start_offsets, end_offsets, raw_end_offsets" in offsets["not_collected"]
    assert any(line.startswith("offsets.json not collected") for line in lines)


def test_a_frame_rate_that_is_infinite_leaves_a_verdict(ctx):
    session = {"id": "a|1", "facts": {"Mean FPS": "inf"}, "differences": 1}
    failed = CheckResult("oracle", "oracle_sessions_match", Status.FAILED, failed_rows=1)
    ctx.folder.write_stage(stage("oracle", Status.FAILED, details={"sessions": [session]}, checks=(failed,)))

    publish(ctx)

    assert "inf" in (ctx.folder.root / "report.md").read_text()
    assert "inf" in (ctx.folder.root / "report.html").read_text()


@pytest.mark.parametrize("renderer", ["render_markdown", "render_html", "render_junit"])
def test_a_report_that_cannot_be_rendered_says_so_and_costs_no_other(logged, monkeypatch, renderer):
    ctx, lines = logged
    failed = CheckResult("raw_typed", "lost", Status.FAILED, failed_rows=1)
    ctx.folder.write_stage(stage("assert_raw_typed", Status.FAILED, checks=(failed,)))

    def broken(*_):
        raise TypeError("must be real number, not str")

    monkeypatch.setattr(publish_summary, renderer, broken)
    summary = publish(ctx)

    assert json.loads(ctx.folder.summary.read_text())["verdict"] == summary["verdict"]
    for name in REPORTS:
        assert "lost" in (ctx.folder.root / name).read_text()
    ET.parse(ctx.folder.root / "junit.xml")
    assert any("cannot be rendered" in line and "must be real number" in line for line in lines)


def test_a_stage_result_that_cannot_be_read_has_errored(logged):
    ctx, lines = logged
    ctx.folder.write_stage(stage("stack_up"))
    (ctx.folder.stages / "contracts.json").write_text('{"stage": "contr')
    ctx.folder.contracts.mkdir(parents=True)
    (ctx.folder.contracts / "some_table.json").write_text("{")

    summary = publish(ctx)

    assert summary["verdict"] == "error"
    assert "contracts: Its result cannot be read" in summary["error"]
    assert any("the result of stage contracts cannot be read" in line for line in lines)
    assert any("some_table.json cannot be read" in line for line in lines)


@pytest.mark.parametrize(
    "broken", ["failing_checks", "offsets", "offending_places", "trace_failing_sessions", "_copy_logs", "_stack_state"]
)
def test_what_breaks_in_diagnostics_costs_nothing_else(logged, monkeypatch, broken):
    ctx, lines = logged
    ctx.folder.write_stage(stage("stack_up", Status.ERRORED, error="no port"))
    (ctx.folder.stack / "logs").mkdir(parents=True)

    def breaks(*_):
        raise KeyError("end_offsets")

    monkeypatch.setattr(f"streamproof.stages.publishing.diagnostics.{broken}", breaks)
    collect_diagnostics(ctx)

    assert any("KeyError: 'end_offsets'" in line and "Traceback" in line for line in lines)
    assert (ctx.folder.diagnostics / "failing_checks.json").exists()
    assert (ctx.folder.diagnostics / "offending_records.json").exists()
    assert run(ctx).details["verdict"] == "error"


def test_the_report_shows_what_the_pack_calls_itself(ctx):
    publish(ctx)
    for name in ("report.md", "report.html"):
        assert ctx.pack.title in (ctx.folder.root / name).read_text()


def test_a_published_run_is_in_the_history(ctx):
    failed = CheckResult("raw_typed", "lost", Status.FAILED, failed_rows=1, diagnostics={"missing": 7})
    ctx.folder.write_stage(stage("assert_raw_typed", Status.FAILED, checks=(failed,)))

    summary = publish(ctx)

    [entry] = read_history(ctx.folder.root.parent).entries
    # Most stages did not run, and none says why.
    assert (entry.run_id, summary["verdict"], entry.verdict) == ("r1", "error", "interrupted")
    assert entry.checks["raw_typed.lost"].diagnostics == {"missing": 7.0}
    assert summary["notices"] == list(ctx.plan.notices)


def test_a_history_that_cannot_be_written_is_a_notice_and_the_verdict_stands(logged):
    ctx, lines = logged
    (ctx.folder.root.parent / "history").write_text("a file where the folder should be")

    summary = publish(ctx)

    assert json.loads(ctx.folder.summary.read_text())["verdict"] == summary["verdict"]
    assert "The run is not in the history" in summary["notices"][-1]
    assert "The run is not in the history" in (ctx.folder.root / "report.html").read_text()
    assert any("The run is not in the history" in line for line in lines)
