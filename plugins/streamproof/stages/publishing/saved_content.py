"""Save the content of the run's database before its stack is taken down. A part of stage `publish_summary`.

The verdict does not depend on it: what cannot be saved is logged, and the summary names it.
"""

from __future__ import annotations

import traceback

from streamproof.content.saving import read_index, save_content, write_index
from streamproof.model.content import SavedContent
from streamproof.runs.context import RunContext


def save(ctx: RunContext) -> None:
    """Save the rows of the pack's projections below the run's folder. An error is logged and recorded, never raised.

    A run that observes a warehouse saves nothing. When the stage runs again and the stack is down, what was saved
    before stays.
    """
    if ctx.plan.observes:
        return
    try:
        if reason := _nothing_to_save(ctx):
            content = saved_content(ctx) or SavedContent(ctx.pack.name, reason=reason)
        else:
            content = _save(ctx)
        write_index(ctx.folder.content, content)
        ctx.log(content.notice or content.reason or f"content saved: {len(content.tables)} tables")
    except Exception as problem:  # noqa: BLE001 - the verdict stands without it; the traceback is in the log
        ctx.log(f"the content is not saved:\n{traceback.format_exc()}")
        _record(ctx, SavedContent(ctx.pack.name, reason=f"It could not be saved: {type(problem).__name__}: {problem}"))


def saved_content(ctx: RunContext) -> SavedContent | None:
    """Return what the run has saved, None if nothing says so. An index that cannot be read counts as nothing saved."""
    try:
        return read_index(ctx.folder.content)
    except (OSError, ValueError) as problem:
        return SavedContent(ctx.pack.name, reason=f"Its index cannot be read: {problem}")


def _nothing_to_save(ctx: RunContext) -> str:
    """Return why the run has no content to save, '' when it has."""
    if not ctx.files.projections:
        return f"Pack '{ctx.pack.name}' has no projections in {ctx.sql_dir / 'content'}."
    if ctx.folder.read_stage("replay_events") is None:
        return "The run ended before its events were published."
    failure = ctx.stack_failure()
    return f"The run's stack could not be read: {failure}." if failure else ""


def _save(ctx: RunContext) -> SavedContent:
    with ctx.warehouse(cached=True) as warehouse:
        return save_content(warehouse, ctx.files.projections, ctx.folder.content, pack=ctx.pack.name, log=ctx.log)


def _record(ctx: RunContext, content: SavedContent) -> None:
    try:
        write_index(ctx.folder.content, content)
    except OSError as problem:
        ctx.log(f"nor can that be recorded: {problem}")
