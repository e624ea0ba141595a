"""Judge the run and publish it: summary, report, JUnit, and diagnostics when it did not pass."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from streamproof.model.results import StageResult, Verdict
from streamproof.model.window import iso_ms
from streamproof.report.html import render_html
from streamproof.report.junit import render_junit
from streamproof.report.markdown import render_markdown
from streamproof.report.summary import build_summary, compact_summary
from streamproof.services.files import write_json
from streamproof.stages.context import RunContext, StageOutcome
from streamproof.stages.diagnostics import collect_diagnostics
from streamproof.stages.folder import read_json
from streamproof.stages.session_traces import session_links


def stage_results(ctx: RunContext) -> dict[str, StageResult]:
    """Return the results of the run's stages that have ended, in planned order; publishing and teardown come last."""
    stages = (*ctx.plan.planned_stages, "publish_summary", "stack_down")
    return {stage: result for stage in stages if (result := ctx.folder.read_stage(stage)) is not None}


def publish(ctx: RunContext) -> dict[str, Any]:
    """Write every report of the run from the stage results that are there, and return the summary."""
    results = stage_results(ctx)
    summary = build_summary(ctx.plan, results, ctx.folder.read_stack_state(), ended_at=iso_ms(datetime.now(UTC)))
    write_json(ctx.folder.summary, summary)
    _render(ctx, summary, results)
    return summary


def render_again(ctx: RunContext) -> dict[str, Any]:
    """Render the reports of a run from its published summary, and return that; a run without one is published."""
    if not ctx.folder.summary.exists():
        return publish(ctx)
    summary: dict[str, Any] = read_json(ctx.folder.summary)
    _render(ctx, summary, stage_results(ctx))
    return summary


def _render(ctx: RunContext, summary: dict[str, Any], results: dict[str, StageResult]) -> None:
    root = ctx.folder.root
    contracts = {path.stem: read_json(path) for path in sorted(ctx.folder.contracts.glob("*.json"))}
    traces = session_links(ctx.folder)
    (root / "report.md").write_text(render_markdown(summary, results, contracts, traces), encoding="utf-8")
    (root / "report.html").write_text(render_html(summary, results, contracts, traces), encoding="utf-8")
    (root / "junit.xml").write_text(render_junit(summary, results), encoding="utf-8")


def run(ctx: RunContext) -> StageOutcome:
    """Publish the run; the details are its summary for XCom, under 10 kB, with paths instead of bulk."""
    summary = publish(ctx)
    if summary["verdict"] != Verdict.PASSED:
        # The report is there before this, should it break, and again after it, with links to what it has left.
        collect_diagnostics(ctx)
        render_again(ctx)
    ctx.log(f"verdict: {summary['verdict']}")
    return StageOutcome(details=compact_summary(summary))
