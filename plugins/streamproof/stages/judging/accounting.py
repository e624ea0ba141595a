"""Query the warehouse for the record accounting that a pack describes in `accounting:` of pack.yaml.

The query `accounting/dispositions.sql` in the pack's SQL folder counts records by disposition.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from streamproof.checks.query_pack import run_query
from streamproof.model.accounting import IDS_BY_PLACE
from streamproof.model.errors import SqlSourceError, WarehouseError
from streamproof.model.plan import CONSERVATION
from streamproof.packs.accounting import Dispositions, RawTable
from streamproof.packs.pack import Pack
from streamproof.runs.context import RunContext
from streamproof.sql.blocks import Block, read_blocks
from streamproof.warehouse.base import Warehouse
from streamproof.warehouse.values import ALL_VALUE_KINDS, RecordTable

FOLDER = "accounting"
DISPOSITION_ROWS, RAW_ROWS = "dispositions", "raw rows"
# A name for the rows, their table, and the kinds of record values that have a row in it.
RecordRows = tuple[str, RecordTable, Sequence[str]]


def accounted_tables(pack: Pack, warehouse: Warehouse) -> list[RecordRows]:
    """Return the tables that must hold every published record of their value kinds, the most inclusive first."""
    found: list[RecordRows] = []
    if dispositions := pack.accounting.dispositions:
        found.append((DISPOSITION_ROWS, _table(dispositions), ALL_VALUE_KINDS))
    if raw := pack.accounting.raw:
        found.append((RAW_ROWS, _table(raw), warehouse.value_kinds_read))
    return found


def _table(described: Dispositions | RawTable) -> RecordTable:
    return RecordTable(described.table, described.topic, described.partition, described.offset)


def counts_dispositions(ctx: RunContext) -> bool:
    """Return whether the pack has a table of dispositions and a query that counts them."""
    return ctx.pack.accounting.dispositions is not None and (ctx.sql_dir / FOLDER / "dispositions.sql").is_file()


def dispositions_of(ctx: RunContext, warehouse: Warehouse) -> dict[str, dict[str, int]]:
    """Return the number of records by disposition and event type. Raises SqlSourceError, WarehouseError."""
    found: dict[str, dict[str, int]] = {}
    for row in ask_pack(ctx, warehouse, "dispositions"):
        found.setdefault(row["disposition"], {})[row["event_type"]] = int(row["records"])
    return found


def ask_pack(ctx: RunContext, warehouse: Warehouse, name: str) -> list[dict[str, Any]]:
    """Run `accounting/<name>.sql` of the pack on the run's topic and return its rows as JSON data.

    Raises SqlSourceError when the file does not hold exactly one query, WarehouseError.
    """
    file = ctx.sql_dir / FOLDER / f"{name}.sql"
    blocks = read_blocks(file, dialect=ctx.pack.dialect)
    if len(blocks) != 1:
        raise SqlSourceError(f"{file} holds {len(blocks)} blocks.", hint="It must hold one block, `-- QUERY: name`.")
    parameters = {**ctx.pack.parameters, "input_topic": ctx.names.input_topic}
    result = run_query(warehouse, blocks[0], parameters)
    if result.error:
        raise WarehouseError(result.error, hint="The query is the pack's.")
    return [dict(zip(result.columns, row, strict=True)) for row in result.rows]


def places_with_ids(ctx: RunContext) -> frozenset[str]:
    """Return the places, by `accounting.ids` of the pack, in which an event of this run ended."""
    result = ctx.folder.read_stage(CONSERVATION)
    counts = [check.diagnostics.get(IDS_BY_PLACE) or {} for check in result.checks] if result else []
    return frozenset(place for found in counts for place in found)


def applicable(test: Block, places: Collection[str]) -> Block:
    """Return a check without the mutations of places in which no event ended: they would change nothing."""
    return replace(test, mutations=tuple(m for m in test.mutations if not m.place or m.place in places))
