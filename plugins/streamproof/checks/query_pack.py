"""Run queries that show data and judge nothing, and format their rows as text."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from streamproof.checks.assertions import WORKERS, ContractError, ask, plain
from streamproof.model.errors import WarehouseError
from streamproof.report.machine.tables import Table
from streamproof.sql.blocks import Block
from streamproof.warehouse.base import Warehouse


@dataclass(frozen=True, slots=True)
class QueryResult:
    """The rows of one query, or why it could not be run. `duration_sec` is wall time in seconds.

    `skipped` names what a query needs that the warehouse does not have; it is '' for a query that was run. `types` are
    those of the columns, see `report.machine.tables`. `profile` is the column with the times of a profile over time, ''
    for other queries.
    """

    name: str
    source_file: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    error: str | None
    duration_sec: float
    skipped: str = ""
    types: tuple[str, ...] = ()
    profile: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON data: the rows as objects by column name."""
        return {
            "name": self.name,
            "source_file": self.source_file,
            "rows": [dict(zip(self.columns, row, strict=True)) for row in self.rows],
            "error": self.error,
            "skipped": self.skipped,
            "duration_sec": round(self.duration_sec, 6),
            "profile": self.profile,
        }

    def as_table(self) -> Table:
        """Return the same for the renderers, which may then leave out rows."""
        return Table(
            name=self.name,
            source_file=self.source_file,
            columns=self.columns,
            types=self.types,
            rows=self.rows,
            total_rows=len(self.rows),
            error=self.error,
            skipped=self.skipped,
            duration_sec=self.duration_sec,
        )

    def as_text(self) -> str:
        """Return a table for the terminal, or the error."""
        lines = [f"== {self.name}"]
        if self.error:
            return "\n".join([*lines, f"error: {self.error}"])
        if self.skipped:
            return "\n".join([*lines, f"skipped: needs {self.skipped}"])
        cells = [self.columns, *[tuple("-" if value is None else str(value) for value in row) for row in self.rows]]
        widths = [max(len(row[index]) for row in cells) for index in range(len(self.columns))]
        lines += [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
        ]
        return "\n".join(lines if self.rows else [*lines, "(no rows)"])


def run_query(warehouse: Warehouse, query: Block, parameters: Mapping[str, object]) -> QueryResult:
    """Run one query. An error is returned in the result, never raised."""
    if needs := warehouse.needs_of(query.sql):
        return QueryResult(query.name, query.source, (), (), None, 0.0, needs)
    started = time.perf_counter()
    columns: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    found: tuple[tuple[Any, ...], ...] = ()
    error = None
    try:
        answer = ask(warehouse, query, parameters)
        columns = answer.columns
        types = tuple(_type_of(row[index] for row in answer.rows) for index in range(len(columns)))
        found = tuple(tuple(plain(value) for value in row) for row in answer.rows)
    except ContractError as problem:
        error = f"{query.source}:{query.line}: {problem}."
    except WarehouseError as problem:
        error = problem.message
    seconds = time.perf_counter() - started
    return QueryResult(query.name, query.source, columns, found, error, seconds, types=types, profile=query.profile)


# The first that fits counts: a bool is an int, and a datetime is a date.
_TYPES: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "boolean"),
    (int, "integer"),
    (float, "number"),
    (Decimal, "decimal"),
    (datetime, "timestamp"),
    (date, "date"),
    (Mapping, "object"),
    ((list, tuple, set), "list"),
)


def _type_of(values: Iterable[Any]) -> str:
    """Return the type of a column's values; nulls have none."""
    found = {_name_of_type(value) for value in values if value is not None}
    if found == {"integer", "number"}:
        return "number"
    return "null" if not found else found.pop() if len(found) == 1 else "mixed"


def _name_of_type(value: Any) -> str:
    return next((name for kind, name in _TYPES if isinstance(value, kind)), "text")


def run_queries(
    warehouse: Warehouse, queries: Sequence[Block], parameters: Mapping[str, object]
) -> tuple[QueryResult, ...]:
    """Run every query, also after one has failed, and return the results in the order of the queries."""
    with ThreadPoolExecutor(max_workers=WORKERS, thread_name_prefix="queries") as pool:
        return tuple(pool.map(lambda query: run_query(warehouse, query, parameters), queries))
