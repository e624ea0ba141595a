"""The rows of entities in the tables that a run saved, read as for the pages of entities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from streamproof.model.content import SavedContent
from streamproof.model.entities.page import EntityTable
from streamproof.packs.entities import Entities
from streamproof.packs.entity_pages import EntityPageRules, Section
from streamproof.runs.context import RunContext
from streamproof.stages.publishing.saved_content import saved_content


def entity_tables(ctx: RunContext, ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Return the saved rows of each entity, table by table in the order of the pack's `entities.page`.

    Of a pack without `entities.page`, these are the tables with the column of the id or the columns of its parts. The
    `error` of a table says why it could not be read. Empty for a pack without entities.
    """
    entities = ctx.pack.entities
    if entities is None or not ids:
        return {}
    content = saved_content(ctx)
    if content is None or not content.tables:
        why = content.reason if content and content.reason else "The run has saved no tables."
        return {entity: [_entry(EntityTable("", "", "saved tables", note=why))] for entity in ids}
    if entities.page is None:
        entities = entities.model_copy(update={"page": _tables_with_ids(ctx.folder.content, content, entities)})
    from streamproof.content.entity_tables import read_tables  # noqa: PLC0415 - costs time, and few notebooks need it

    found = read_tables(ctx.folder.content, content, entities, ids)
    return {entity: [_entry(table) for table in tables] for entity, tables in found.items()}


def _tables_with_ids(folder: Path, content: SavedContent, entities: Entities) -> EntityPageRules | None:
    """Return a page of all tables that hold ids, and of those that cannot be read; None when there are none."""
    import pyarrow as pa  # noqa: PLC0415 - costs time, and few notebooks need it
    import pyarrow.parquet as pq  # noqa: PLC0415

    sections = []
    for table in content.tables:
        try:
            names = set(pq.read_schema(folder / table.file).names)
        except (OSError, pa.ArrowException):
            # The reader says why.
            names = {entities.id}
        if entities.id in names or (entities.id_parts and names.issuperset(entities.id_parts)):
            sections.append(Section(title=table.name, table=table.name))
    return EntityPageRules(sections=tuple(sections)) if sections else None


def _entry(table: EntityTable) -> dict[str, Any]:
    title = f", {table.title}" if table.title not in ("", table.table) else ""
    chosen = ", those nearest in time" if table.nearest and table.total > len(table.rows) else ""
    return {
        "layer": table.layer,
        "name": f"{table.table}{title}{chosen}",
        "columns": list(table.columns),
        "rows": [dict(zip(table.columns, row, strict=True)) for row in table.rows],
        "total_rows": table.total,
        "error": table.note or None,
        "skipped": "",
    }


def facts_by_id(entities: Entities | None, facts: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Return the facts of each entity by its id, in their order; empty for a pack without entities."""
    if entities is None:
        return {}
    return {str(entry[entities.id]): entry for entry in facts if entry.get(entities.id)}
