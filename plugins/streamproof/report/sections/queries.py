"""The trace queries of the pack: their first rows, and the profiles over time among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from streamproof.model.results import StageResult
from streamproof.report.formatting import whole
from streamproof.report.sections.entries import entries

MAX_QUERY_ROWS = 50


@dataclass(frozen=True, slots=True)
class QueryTable:
    """The first rows of a trace query's result. `total_rows` counts all rows.

    `skipped` names what the query needs that the warehouse does not have.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    total_rows: int
    source_file: str
    error: str | None
    skipped: str


def queries(results: Mapping[str, StageResult]) -> tuple[QueryTable, ...]:
    """Return the trace queries from the details of stage `query_pack`, each with at most `MAX_QUERY_ROWS` rows."""
    return tuple(_query(entry) for entry in entries(results.get("query_pack"), "queries"))


def _query(entry: Mapping[str, Any]) -> QueryTable:
    rows = entry.get("rows") or ()
    columns = tuple(entry.get("columns") or (rows[0] if rows and isinstance(rows[0], Mapping) else ()))
    cut = tuple(
        tuple(row.get(column) for column in columns) if isinstance(row, Mapping) else tuple(row)
        for row in rows[:MAX_QUERY_ROWS]
    )
    return QueryTable(
        name=str(entry.get("name") or ""),
        columns=columns,
        rows=cut,
        total_rows=whole(entry.get("total_rows")) or len(rows),
        source_file=str(entry.get("source_file") or ""),
        error=entry.get("error"),
        skipped=str(entry.get("skipped") or ""),
    )
