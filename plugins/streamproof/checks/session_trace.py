"""Follow one workflow session through every layer of a warehouse, with the pack's session queries."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from streamproof.checks.query_pack import QueryResult, run_query
from streamproof.model.errors import SqlSourceError, UsageError, WarehouseError
from streamproof.sql.blocks import Block, BlockKind, read_blocks
from streamproof.sql.reading import shown_path
from streamproof.warehouse.base import Warehouse

SESSION = "sid"
IDENTITY = "identity"
NEAREST = "nearest"
# Planning a query of an API view takes longer than running it. Two workers plan one query while another runs.
WORKERS = 2

_UNKNOWN_TABLE = "(UNKNOWN_TABLE)"


@dataclass(frozen=True, slots=True)
class SessionQueries:
    """A pack's session queries.

    `identity` reads no table and returns the parameters of the other queries. `nearest` finds similar session ids. Each
    query of `layers` shows the session's rows in one table or view.
    """

    identity: Block
    nearest: Block
    layers: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class SessionTrace:
    """The rows of one session in every layer. `layers` holds (layer name, query result) pairs."""

    session: str
    database: str
    identity: Mapping[str, Any]
    layers: tuple[tuple[str, QueryResult], ...]

    @property
    def broken(self) -> tuple[QueryResult, ...]:
        """Return the queries that could not be run."""
        return tuple(result for _, result in self.layers if result.error)

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return {
            "workflow_session_id": self.session,
            "database": self.database,
            "identity": dict(self.identity),
            "layers": [{"layer": layer, **result.as_json()} for layer, result in self.layers],
        }


def read_session_queries(folder: Path, *, home: Path) -> SessionQueries:
    """Read the session queries of a pack: `identity.sql`, `nearest.sql`, and `NN_name.sql` in their order.

    Raises SqlSourceError when one of the first two is missing, there is no third file, or a file is broken.
    """
    files = sorted(path for path in folder.glob("*.sql") if path.stem not in (IDENTITY, NEAREST))
    if not files:
        raise SqlSourceError(f"{folder} holds no session query.", hint="Add files named NN_name.sql, one query each.")
    return SessionQueries(
        identity=_query(folder / f"{IDENTITY}.sql", home),
        nearest=_query(folder / f"{NEAREST}.sql", home),
        layers=tuple(_query(path, home) for path in files),
    )


def _query(path: Path, home: Path) -> Block:
    blocks = read_blocks(path, shown_as=shown_path(path, home))
    if len(blocks) != 1 or blocks[0].kind is not BlockKind.QUERY:
        raise SqlSourceError(f"{path} does not hold exactly one QUERY block.", hint="Split the file.")
    return blocks[0]


def trace_session(
    warehouse: Warehouse, queries: SessionQueries, session: str, *, run_only_tables: Collection[str] = ()
) -> SessionTrace:
    """Return the rows of a session in every layer. The result of a query that cannot be run holds its error.

    A query of a table that only a replay creates (`run_only_tables`) is skipped when the warehouse does not have it.
    Raises UsageError naming the most similar ids when no layer has the session. Raises WarehouseError when that cannot
    be decided, because tables are missing or the warehouse does not answer.
    """
    database = str(warehouse.database)
    identity = _identity(warehouse, queries.identity, session)
    parameters: dict[str, object] = {SESSION: session, **identity}
    with ThreadPoolExecutor(max_workers=WORKERS, thread_name_prefix="session") as pool:
        answers = list(pool.map(lambda query: run_query(warehouse, query, parameters), queries.layers))
    results = [
        _without_absent(query, result, run_only_tables) for query, result in zip(queries.layers, answers, strict=True)
    ]
    layers = tuple((query.layer, result) for query, result in zip(queries.layers, results, strict=True))
    trace = SessionTrace(session, database, identity, layers)
    if not _is_found(queries.layers, results):
        raise _unknown(warehouse, queries.nearest, parameters, trace)
    return trace


def _identity(warehouse: Warehouse, query: Block, session: str) -> dict[str, Any]:
    result = run_query(warehouse, query, {SESSION: session})
    if result.error or len(result.rows) != 1:
        raise WarehouseError(
            result.error or f"{query.source}:{query.line}: it returned {len(result.rows)} rows, not one.",
            hint="It takes a session id apart and reads no table.",
        )
    return dict(zip(result.columns, result.rows[0], strict=True))


def _without_absent(query: Block, result: QueryResult, run_only_tables: Collection[str]) -> QueryResult:
    """Return the result as skipped when its error is the absence of a table that only a replay creates."""
    if not result.error or not result.error.endswith(_UNKNOWN_TABLE):
        return result
    read = [table for table in run_only_tables if re.search(rf"\b{re.escape(table)}\b", query.sql)]
    return replace(result, error=None, skipped=f"{', '.join(read)}, which only a run makes") if read else result


def _is_found(queries: Sequence[Block], results: Sequence[QueryResult]) -> bool:
    """Return whether a query for the whole session id has found rows.

    A query for only a part of the id, such as the request of a payment, may find rows of other sessions.
    """
    whole = {SESSION, "ids"}
    return any(result.rows and query.parameter_names & whole for query, result in zip(queries, results, strict=True))


def _unknown(warehouse: Warehouse, nearest: Block, parameters: Mapping[str, object], trace: SessionTrace) -> Exception:
    """Return the error for a session that was not found, or that could not be searched in every layer."""
    if broken := trace.broken:
        return WarehouseError(
            f"Session '{trace.session}' cannot be looked for in database {trace.database}: {len(broken)} of "
            f"{len(trace.layers)} queries cannot be run. The first: {broken[0].error}",
            hint="Is it the database of this pipeline, with the pack's schema? `streamproof run --mode observe` says "
            "what it lacks.",
        )
    ids = [str(row[0]) for row in run_query(warehouse, nearest, parameters).rows]
    return UsageError(
        f"There is no session '{trace.session}' in database {trace.database}.",
        hint=f"The nearest: {', '.join(ids)}." if ids else "It holds no session at all.",
    )
