"""Find the rows of entities in the tables that a run saved as Parquet files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from streamproof.checks.assertions import plain
from streamproof.packs.entities import Entities
from streamproof.runs.context import RunContext
from streamproof.stages.publishing.saved_content import saved_content

# A stream of one day has ten thousand samples. Rows that are left out are counted.
MOST_ROWS = 200


def entity_tables(ctx: RunContext, ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Return the saved rows of each entity, table by table in the order of the layers.

    A table belongs to an entity by the column of its id, or by the columns of the id's parts. Other tables are left
    out. Empty for a pack without entities, and for a run that saved no tables.
    """
    content = saved_content(ctx)
    if ctx.pack.entities is None or content is None or not ids:
        return {}
    found: dict[str, list[dict[str, Any]]] = {entity: [] for entity in ids}
    for table in content.tables:
        for entity, rows in _rows(ctx.folder.content / table.file, ctx.pack.entities, ids).items():
            found[entity].append(
                {
                    "layer": table.layer,
                    "name": table.name,
                    "columns": list(rows[0]),
                    "rows": rows[:MOST_ROWS],
                    "total_rows": len(rows),
                    "error": None,
                    "skipped": "",
                }
            )
    return found


def _rows(file: Path, entities: Entities, ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of one file by entity. Only the entities that have rows in it are returned."""
    import pyarrow.dataset  # noqa: PLC0415 - costs time, and only a notebook of saved rows needs it

    data = pyarrow.dataset.dataset(file, format="parquet")
    names = data.schema.names
    if entities.id in names:
        key: tuple[str, ...] = (entities.id,)
    elif entities.id_parts and set(entities.id_parts) <= set(names):
        key = entities.id_parts
    else:
        return {}
    # The first part of an id chooses few rows of the file; the other parts are compared here.
    firsts = [entity.split("|")[0] if len(key) > 1 else entity for entity in ids]
    chosen = data.to_table(filter=pyarrow.dataset.field(key[0]).isin(firsts)).to_pylist()
    found: dict[str, list[dict[str, Any]]] = {}
    for row in chosen:
        entity = "|".join(str(row[name]) for name in key)
        if entity in ids:
            found.setdefault(entity, []).append({name: plain(value) for name, value in row.items()})
    return found


def facts_by_id(entities: Entities | None, facts: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Return the facts of each entity by its id, in their order; empty for a pack without entities."""
    if entities is None:
        return {}
    return {str(entry[entities.id]): entry for entry in facts if entry.get(entities.id)}
