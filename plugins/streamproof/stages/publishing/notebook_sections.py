"""Save what the notebook shows and only the warehouse can answer. A part of stage `publish_summary`.

The verdict does not depend on it: what cannot be saved is logged and recorded.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from streamproof.checks.query_pack import QueryResult, run_queries
from streamproof.model.errors import StreamproofError
from streamproof.packs.pack import Pack
from streamproof.runs.context import RunContext
from streamproof.runtime.files import write_json
from streamproof.sql.blocks import Block, read_blocks
from streamproof.sql.reading import shown_path
from streamproof.sql.sections import NotebookSection, read_sections
from streamproof.warehouse.base import Warehouse

FILE = "notebook.json"
# A run of 400,000 events has thousands of sessions. The rows that are left out are counted.
MOST_ROWS = 1_000
# Of each scenario, newest first.
MOST_OF_A_SCENARIO = 50
# All entities of a scenario, so that those that are left out are counted.
_NO_LIMIT = (1 << 32) - 1
# A column of this name counts all rows of a query that limits them. It is not shown.
TOTAL_ROWS = "total_rows"


def save_sections(ctx: RunContext) -> None:
    """Save the rows of the pack's notebook sections and scenarios to `notebook.json` in the run's folder.

    The document is {sections, scenarios, reason}. `reason` says why there are no rows, '' when there are. A run that
    observes a warehouse saves nothing. An error is logged and recorded, never raised.
    """
    if ctx.plan.observes or ((ctx.folder.root / FILE).exists() and ctx.stack_failure()):
        return
    try:
        document = _document(ctx)
    except Exception as problem:  # noqa: BLE001 - the verdict stands without it; the traceback is in the log
        ctx.log(f"the rows of the notebook are not saved:\n{traceback.format_exc()}")
        why = problem.message if isinstance(problem, StreamproofError) else f"{type(problem).__name__}: {problem}"
        document = {"sections": [], "scenarios": [], "reason": f"They could not be saved: {why}"}
    try:
        write_json(ctx.folder.root / FILE, document)
    except OSError as problem:
        ctx.log(f"{FILE} cannot be written: {problem}")


def _document(ctx: RunContext) -> dict[str, Any]:
    if ctx.folder.read_stage("replay_events") is None:
        return {"sections": [], "scenarios": [], "reason": "The run ended before its events were published."}
    if failure := ctx.stack_failure():
        return {"sections": [], "scenarios": [], "reason": f"The run's stack could not be read: {failure}."}
    with ctx.warehouse(cached=True) as warehouse:
        times = ctx.window.query_parameters()
        sections = ask_sections(warehouse, read_sections_of(ctx.pack, ctx.home), times, most_rows=MOST_ROWS)
        scenarios = ask_scenarios(warehouse, ctx.pack, ctx.home, times)
    for entry in (*sections, *scenarios):
        if entry["error"]:
            ctx.log(f"notebook: {entry['name']}: {entry['error']}")
    return {"sections": sections, "scenarios": scenarios, "reason": ""}


def read_sections_of(pack: Pack, home: Path) -> tuple[NotebookSection, ...]:
    """Return the notebook sections of a pack. Raises SqlSourceError."""
    return read_sections(pack.sql_dir, home=home, dialect=pack.dialect)


def ask_sections(
    warehouse: Warehouse, sections: Sequence[NotebookSection], times: Mapping[str, object], *, most_rows: int
) -> list[dict[str, Any]]:
    """Run the queries of the sections and return their rows as plain JSON data, at most `most_rows` of each.

    `times` holds the window's parameters. `total_rows` counts all rows of a query; one with a limit says by a column of
    this name how many there are. The entry of a query that cannot be run holds its error.
    """
    results = run_queries(warehouse, [section.query for section in sections], times)
    return [
        {
            "title": section.title,
            "guidance": section.guidance,
            "bars": list(section.bars),
            **_entry(result, most_rows),
        }
        for section, result in zip(sections, results, strict=True)
    ]


def ask_scenarios(warehouse: Warehouse, pack: Pack, home: Path, times: Mapping[str, object]) -> list[dict[str, Any]]:
    """Run the pack's scenario queries and return the newest entities of each, as plain JSON data.

    Empty for a pack without scenarios. Raises SqlSourceError.
    """
    queries = scenario_queries(pack, home)
    results = run_queries(warehouse, queries, {**times, "limit_per_scenario": _NO_LIMIT})
    return [
        {"guidance": " ".join(query.comment.split()), **_entry(result, MOST_OF_A_SCENARIO)}
        for query, result in zip(queries, results, strict=True)
    ]


def scenario_queries(pack: Pack, home: Path) -> tuple[Block, ...]:
    """Return the queries that find the entities of each scenario. Raises SqlSourceError."""
    files = sorted((pack.sql_dir / "scenarios").glob("*.sql"))
    found = (read_blocks(file, shown_as=shown_path(file, home), dialect=pack.dialect) for file in files)
    return tuple(block for blocks in found for block in blocks)


def _entry(result: QueryResult, most_rows: int) -> dict[str, Any]:
    total, rows, columns = len(result.rows), result.rows[:most_rows], result.columns
    if TOTAL_ROWS in columns:
        place = columns.index(TOTAL_ROWS)
        total = max([total, *(int(row[place]) for row in result.rows[:1])])
        columns = (*columns[:place], *columns[place + 1 :])
        rows = tuple((*row[:place], *row[place + 1 :]) for row in rows)
    cut = replace(result, rows=rows, columns=columns)
    return {**cut.as_json(), "columns": list(columns), "total_rows": total}
