"""Follow one event through every layer of a warehouse: published, raw, where it ended, and the facts that used it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streamproof.checks.layer_queries import NEAREST, Layers, ask_layers, broken, layers_as_json, not_found, query_of
from streamproof.checks.query_pack import QueryResult
from streamproof.model.errors import SqlSourceError, UsageError
from streamproof.packs.pack import Pack
from streamproof.sql.blocks import Block
from streamproof.warehouse.base import Warehouse
from streamproof.warehouse.registry import event_queries

EVENT = "event"


@dataclass(frozen=True, slots=True)
class EventQueries:
    """The queries that find an event, in the order of the data flow. `nearest` finds similar event ids."""

    nearest: Block
    layers: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class EventTrace:
    """The rows that one event left in every layer."""

    event: str
    database: str
    layers: Layers

    @property
    def broken(self) -> tuple[QueryResult, ...]:
        """Return the queries that could not be run."""
        return broken(self.layers)

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return {"event_id": self.event, "database": self.database, "layers": layers_as_json(self.layers)}


def read_event_queries(pack: Pack, *, home: Path) -> EventQueries:
    """Return the queries of the pack's folder `event`, else those that follow from the pack's accounting.

    Raises UsageError when the pack has neither, SqlSourceError for a broken file.
    """
    folder = pack.sql_dir / EVENT
    files = sorted(folder.glob("*.sql"))
    if files:
        blocks = [query_of(path, home, pack.dialect) for path in files]
    elif pack.accounting.ids is not None:
        layer_of = {table: layer for layer, tables in pack.layers.items() for table in tables}
        blocks = list(event_queries(pack.warehouse, pack.accounting, layer_of))
    else:
        raise UsageError(
            f"Pack {pack.name} does not say where the id of an event stands.",
            hint="Name the places in accounting.ids of pack.yaml, or write queries into its folder sql/event.",
        )
    return _sorted_out(blocks, str(folder))


def _sorted_out(blocks: Sequence[Block], folder: str) -> EventQueries:
    nearest = [block for block in blocks if block.name == NEAREST]
    layers = tuple(block for block in blocks if block.name != NEAREST)
    if len(nearest) != 1 or not layers:
        raise SqlSourceError(
            f"{folder} needs one query named {NEAREST}, and one for each table that may show an event.",
            hint=f"Name the files {NEAREST}.sql and NN_name.sql, one query each.",
        )
    return EventQueries(nearest[0], layers)


def trace_event(
    warehouse: Warehouse, queries: EventQueries, event: str, *, run_only_tables: Collection[str] = ()
) -> EventTrace:
    """Return the rows of an event in every layer. The result of a query that cannot be run holds its error.

    A query of a table that only a replay creates (`run_only_tables`) is skipped when the warehouse does not have it.
    Raises UsageError naming the most similar ids when no layer has the event. Raises WarehouseError when that cannot be
    decided, because tables are missing or the warehouse does not answer.
    """
    parameters = {EVENT: event}
    layers = ask_layers(warehouse, queries.layers, parameters, run_only_tables)
    if not any(result.rows for _, result in layers):
        raise not_found(warehouse, f"event '{event}'", layers, queries.nearest, parameters)
    return EventTrace(event, str(warehouse.database), layers)
