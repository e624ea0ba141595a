"""Stage `publish_summary`: save the content, write summary, reports and JUnit file.

A run that did not pass also gets diagnostics.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from streamproof.history.store import record_or_say
from streamproof.model.errors import StackError
from streamproof.model.results import StageResult, Status, Verdict
from streamproof.model.window import iso_ms
from streamproof.report.formatting import writable
from streamproof.report.html import render_html
from streamproof.report.junit import render_junit
from streamproof.report.markdown import render_markdown
from streamproof.report.plain import render_plain
from streamproof.report.summary import build_summary, compact_summary
from streamproof.runs.context import RunContext, StageOutcome
from streamproof.runs.folder import read_object
from streamproof.runtime.files import write_json
from streamproof.stages.publishing.check_texts import keep_texts, read_texts
from streamproof.stages.publishing.diagnostics import collect_diagnostics
from streamproof.stages.publishing.entity_pages import page_links, write_entity_pages
from streamproof.stages.publishing.notebook_sections import save_sections
from streamproof.stages.publishing.saved_content import save, saved_content
from streamproof.stages.publishing.session_traces import session_links


def stage_results(ctx: RunContext) -> dict[str, StageResult]:
    """Return the results of the stages that have ended, in planned order.

    A stage whose result cannot be read is errored.
    """
    stages = [stage.name for stage in ctx.plan.stages]
    return {stage: result for stage in stages if (result := _stage_result(ctx, stage)) is not None}


def _stage_result(ctx: RunContext, stage: str) -> StageResult | None:
    try:
        return ctx.folder.read_stage(stage)
    except Exception as problem:  # noqa: BLE001 - an unreadable result must not prevent the verdict
        ctx.log(f"the result of stage {stage} cannot be read:\n{traceback.format_exc()}")
        now = iso_ms(datetime.now(UTC))
        why = f"Its result cannot be read: {type(problem).__name__}: {problem}"
        return StageResult(stage, Status.ERRORED, now, now, 0.0, error=why, hint=f"Look at stages/{stage}.json.")


def publish(ctx: RunContext, ended_at: str | None = None) -> dict[str, Any]:
    """Write every report of the run from the stage results so far, and return the summary.

    `ended_at` is when the run ended, ISO-8601 UTC; None means now.
    """
    results, stack = stage_results(ctx), ctx.folder.read_stack_state()
    ended_at = ended_at or iso_ms(datetime.now(UTC))
    summary = build_summary(ctx.plan, results, stack, ended_at=ended_at, content=saved_content(ctx))
    summary["notices"] += record_or_say(ctx.folder.root.parent, summary, results, ctx.log)
    write_json(ctx.folder.summary, summary)
    for name, report in _reports(ctx, summary, results).items():
        _write(ctx, name, _rendered_or_plain(ctx, name, summary, report))
    return summary


def render_again(ctx: RunContext) -> dict[str, Any]:
    """Render the reports of a run from its summary, and return the summary. A run without one is published.

    Raises BrokenFileError for a summary that cannot be read, and StackError when a report cannot be rendered: the one
    that is there stays.
    """
    results = stage_results(ctx)
    if not ctx.folder.summary.exists():
        return publish(ctx, max((result.ended_at for result in results.values()), default=ctx.plan.created_at))
    summary = read_object(ctx.folder.summary, "run_id", "verdict")
    for name, report in _reports(ctx, summary, results).items():
        try:
            text = report()
        except Exception as problem:
            why = f"{type(problem).__name__}: {problem}"
            raise StackError(
                f"{name} of run {ctx.plan.run_id} cannot be rendered again: {why}. The one that is there stays.",
                hint="A file of the run's folder does not hold what this version writes there.",
            ) from problem
        _write(ctx, name, text)
    return summary


def _reports(ctx: RunContext, summary: dict[str, Any], results: dict[str, StageResult]) -> dict[str, Callable[[], str]]:
    """Return by file name what renders each report."""
    contracts, waiting = _contracts(ctx), ctx.plan.waiting_stages
    traces = session_links(ctx.folder, ctx.log)
    pages = {**traces, **page_links(ctx.folder, ctx.log)}
    shown, texts = {**summary, "title": ctx.pack.title}, read_texts(ctx)
    return {
        "report.md": lambda: render_markdown(shown, results, contracts, traces, waiting, texts),
        "report.html": lambda: render_html(shown, results, contracts, pages, waiting, texts),
        "junit.xml": lambda: render_junit(summary, results),
    }


def _contracts(ctx: RunContext) -> dict[str, dict[str, Any]]:
    """Return the result documents of the contracts by file stem. Unreadable ones are logged and left out."""
    found = {}
    for path in sorted(ctx.folder.contracts.glob("*.json")):
        try:
            found[path.stem] = read_object(path)
        except (OSError, ValueError) as problem:
            ctx.log(f"{path.name} cannot be read: {problem}")
    return found


def _rendered_or_plain(ctx: RunContext, name: str, summary: dict[str, Any], render: Callable[[], str]) -> str:
    """Return a report; when rendering fails, a plain one with the error, the verdict and the failures."""
    try:
        return render()
    except Exception as problem:  # noqa: BLE001 - a report must always exist; the traceback is in the log
        ctx.log(f"{name} cannot be rendered as it should be:\n{traceback.format_exc()}")
        return render_plain(name, summary, f"{type(problem).__name__}: {problem}")


def _write(ctx: RunContext, name: str, text: str) -> None:
    (ctx.folder.root / name).write_bytes(writable(text).encode("utf-8"))


def run(ctx: RunContext) -> StageOutcome:
    """Save the content and publish the run.

    The details are its summary for XCom, under 10 kB, with paths instead of bulk.
    """
    save(ctx)
    keep_texts(ctx)
    save_sections(ctx)
    write_entity_pages(ctx, stage_results(ctx))
    summary = publish(ctx)
    if summary["verdict"] != Verdict.PASSED:
        # The reports exist before this step, in case it fails. Afterwards they are rendered with links to diagnostics.
        _collect(ctx)
        _link_diagnostics(ctx)
    ctx.log(f"verdict: {summary['verdict']}")
    has_sessions = ctx.pack.entities is not None
    return StageOutcome(details=compact_summary(summary, has_sessions=has_sessions))


def _link_diagnostics(ctx: RunContext) -> None:
    try:
        render_again(ctx)
    except Exception:  # noqa: BLE001 - the verdict and the reports stand without the links; the traceback is in the log
        ctx.log(f"the reports are not rendered again:\n{traceback.format_exc()}")


def _collect(ctx: RunContext) -> None:
    try:
        collect_diagnostics(ctx)
    except Exception:  # noqa: BLE001 - the verdict stands without diagnostics; the traceback is in the log
        ctx.log(f"diagnostics are incomplete:\n{traceback.format_exc()}")
