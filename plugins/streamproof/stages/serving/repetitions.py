"""Compare what each run of a pipeline leaves in the warehouse: a repetition must change nothing."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from streamproof.content.comparing import Side, compare_contents
from streamproof.content.saving import save_content
from streamproof.model.errors import StackError
from streamproof.model.results import CheckResult, Status
from streamproof.runs.context import RunContext

NAME = "repetitions_change_nothing"
# Rows that only one of two contents has, of each table, that a report shows.
EXAMPLES = 10


def saved_side(ctx: RunContext, number: int) -> Side:
    """Save the rows of the pack's projections after a run of the pipeline; `number` counts from 1.

    Raises StackError when not all of them can be saved: a comparison without them would say too much.
    """
    folder = _folder(ctx, number)
    with ctx.warehouse() as warehouse:
        content = save_content(warehouse, ctx.files.projections, folder, pack=ctx.pack.name, log=ctx.log)
    for table, error in content.not_saved.items():
        raise StackError(
            f"The content of {table} after run {number} of the pipeline could not be saved: {error}",
            hint="Without it, nobody can say whether the next run changed something.",
        )
    return Side(f"run {number}", folder, content)


def changes_since(ctx: RunContext, first: Side, number: int) -> dict[str, Any]:
    """Return how the content after a run differs from that after the first one, as plain JSON data.

    The files of a content without a difference are removed. Raises StackError, UsageError.
    """
    later = saved_side(ctx, number)
    found = compare_contents(ctx.pack.warehouse, first, later, rows=EXAMPLES).as_json()
    if found["equal"]:
        shutil.rmtree(later.folder)
    return found


def drop_if_equal(first: Side, comparisons: Sequence[Mapping[str, Any]]) -> None:
    """Remove the files of the first content, unless a later one differs from it and somebody has to look."""
    if all(found["equal"] for found in comparisons):
        shutil.rmtree(first.folder.parent)


def repetition_check(details: Mapping[str, Any], suite: str) -> CheckResult:
    """Return the check that no later run of the pipeline changed what the first one left.

    `details` are those of stage `replay_events`.
    """
    changed = {found["b"]: found["differences"] for found in details["changes"] if not found["equal"]}
    tables = [table for differences in changed.values() for table in differences]
    rows = sum(table["only_in_a"] + table["only_in_b"] for table in tables)
    return CheckResult(
        suite=suite,
        name=NAME,
        status=Status.FAILED if changed else Status.PASSED,
        failed_rows=rows,
        diagnostics={"changes": changed} if changed else {},
        layer=tables[0]["layer"] if tables else "",
    )


def _folder(ctx: RunContext, number: int) -> Path:
    return ctx.folder.root / "repetitions" / str(number)
