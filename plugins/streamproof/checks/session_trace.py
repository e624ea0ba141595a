"""Follow one workflow session through every layer of a warehouse, with the pack's session queries."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streamproof.checks.layer_queries import NEAREST, Layers, ask_layers, broken, layers_as_json, not_found, query_of
from streamproof.checks.query_pack import QueryResult, run_query
from streamproof.model.errors import SqlSourceError, WarehouseError
from streamproof.sql.blocks import Block
from streamproof.sql.dialects import CLICKHOUSE, Dialect
from streamproof.warehouse.base import Warehouse

SESSION = "sid"
IDENTITY = "identity"


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
    """The rows of one session in every layer."""

    session: str
    database: str
    identity: Mapping[str, Any]
    layers: Layers

    @property
    def broken(self) -> tuple[QueryResult, ...]:
        """Return the queries that could not be run."""
        return broken(self.layers)

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return {
            "workflow_session_id": self.session,
            "database": self.database,
            "identity": dict(self.identity),
            "layers": layers_as_json(self.layers),
        }


def read_session_queries(folder: Path, *, home: Path, dialect: Dialect = CLICKHOUSE) -> SessionQueries:
    """Read the session queries of a pack: `identity.sql`, `nearest.sql`, and `NN_name.sql` in their order.

    Raises SqlSourceError when one of the first two is missing, there is no third file, or a file is broken.
    """
    files = sorted(path for path in folder.glob("*.sql") if path.stem not in (IDENTITY, NEAREST))
    if not files:
        raise SqlSourceError(f"{folder} holds no session query.", hint="Add files named NN_name.sql, one query each.")
    return SessionQueries(
        identity=query_of(folder / f"{IDENTITY}.sql", home, dialect),
        nearest=query_of(folder / f"{NEAREST}.sql", home, dialect),
        layers=tuple(query_of(path, home, dialect) for path in files),
    )


def trace_session(
    warehouse: Warehouse, queries: SessionQueries, session: str, *, run_only_tables: Collection[str] = ()
) -> SessionTrace:
    """Return the rows of a session in every layer. The result of a query that cannot be run holds its error.

    A query of a table that only a replay creates (`run_only_tables`) is skipped when the warehouse does not have it.
    Raises UsageError naming the most similar ids when no layer has the session. Raises WarehouseError when that cannot
    be decided, because tables are missing or the warehouse does not answer.
    """
    identity = _identity(warehouse, queries.identity, session)
    parameters: dict[str, object] = {SESSION: session, **identity}
    layers = ask_layers(warehouse, queries.layers, parameters, run_only_tables)
    if not _is_found(queries, layers):
        raise not_found(warehouse, f"session '{session}'", layers, queries.nearest, parameters)
    return SessionTrace(session, str(warehouse.database), identity, layers)


def _identity(warehouse: Warehouse, query: Block, session: str) -> dict[str, Any]:
    result = run_query(warehouse, query, {SESSION: session})
    if result.error or len(result.rows) != 1:
        raise WarehouseError(
            result.error or f"{query.source}:{query.line}: it returned {len(result.rows)} rows, not one.",
            hint="It takes a session id apart and reads no table.",
        )
    return dict(zip(result.columns, result.rows[0], strict=True))


def _is_found(queries: SessionQueries, layers: Layers) -> bool:
    """Return whether a query for the whole session id has found rows.

    A query for only a part of the id, such as the request of a payment, may find rows of other sessions.
    """
    whole = {SESSION, "ids"}
    return any(
        result.rows and query.parameter_names & whole for query, (_, result) in zip(queries.layers, layers, strict=True)
    )
