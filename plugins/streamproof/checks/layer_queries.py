"""Queries that show one entity or event in every layer of a warehouse. `session_trace` and `event_trace` use them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from streamproof.checks.query_pack import QueryResult, run_query
from streamproof.model.errors import StreamproofError, UsageError, WarehouseError
from streamproof.sql.blocks import Block, read_one_query
from streamproof.sql.dialects import Dialect
from streamproof.sql.reading import shown_path
from streamproof.warehouse.base import Warehouse
from streamproof.warehouse.values import UNKNOWN_TABLE

NEAREST = "nearest"
# Planning a query of an API view takes longer than running it. Two workers plan one query while another runs.
WORKERS = 2

# (layer name, query result) pairs.
Layers = tuple[tuple[str, QueryResult], ...]


def query_of(path: Path, home: Path, dialect: Dialect) -> Block:
    """Read the one query of a file. Errors name the file relative to `home`. Raises SqlSourceError."""
    return read_one_query(path, shown_as=shown_path(path, home), dialect=dialect)


def ask_layers(
    warehouse: Warehouse, queries: Sequence[Block], parameters: Mapping[str, object], run_only_tables: Collection[str]
) -> Layers:
    """Run the queries and return their results with their layers. The result of a query that fails holds its error.

    A query of a table that only a replay creates (`run_only_tables`) is skipped when the warehouse does not have it.
    """
    with ThreadPoolExecutor(max_workers=WORKERS, thread_name_prefix="layers") as pool:
        results = list(pool.map(lambda query: run_query(warehouse, query, parameters), queries))
    return tuple(
        (query.layer, without_absent(query, result, run_only_tables))
        for query, result in zip(queries, results, strict=True)
    )


def broken(layers: Layers) -> tuple[QueryResult, ...]:
    """Return the queries that could not be run."""
    return tuple(result for _, result in layers if result.error)


def layers_as_json(layers: Layers) -> list[dict[str, Any]]:
    """Return plain JSON data, one object for each query."""
    return [{"layer": layer, **result.as_json()} for layer, result in layers]


def not_found(
    warehouse: Warehouse, what: str, layers: Layers, nearest: Block, parameters: Mapping[str, object]
) -> StreamproofError:
    """Return the error for something that no layer has, or that could not be looked for in every layer.

    `what` names it, such as "session 'a|b'". `nearest` returns the most similar ids in its first column.
    """
    if failed := broken(layers):
        return WarehouseError(
            f"{what[0].upper()}{what[1:]} cannot be looked for in database {warehouse.database}: {len(failed)} of "
            f"{len(layers)} queries cannot be run. The first: {failed[0].error}",
            hint="Is it the database of this pipeline, with the pack's schema? `streamproof run --mode observe` says "
            "what it lacks.",
        )
    ids = [str(row[0]) for row in run_query(warehouse, nearest, parameters).rows]
    kind = what.partition(" ")[0]
    return UsageError(
        f"There is no {what} in database {warehouse.database}.",
        hint=f"The nearest: {', '.join(ids)}." if ids else f"It holds no {kind} at all.",
    )


def without_absent(query: Block, result: QueryResult, run_only_tables: Collection[str]) -> QueryResult:
    """Return the result as skipped when its error is the absence of a table that only a replay creates."""
    if not result.error or not result.error.endswith(UNKNOWN_TABLE):
        return result
    read = [table for table in run_only_tables if re.search(rf"\b{re.escape(table)}\b", query.sql)]
    return replace(result, error=None, skipped=f"{', '.join(read)}, which only a run makes") if read else result
