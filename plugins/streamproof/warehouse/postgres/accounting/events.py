"""The queries that find one event in the tables that a pack's accounting names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from streamproof.packs.accounting import Accounting, IdColumn
from streamproof.sql.blocks import Block, parse_blocks
from streamproof.sql.dialects import POSTGRES
from streamproof.sql.templating import render
from streamproof.warehouse.postgres.client import quoted
from streamproof.warehouse.values import topic_place

_TEMPLATE = Path(__file__).parent / "event.sql.j2"


@dataclass(frozen=True, slots=True)
class _Table:
    """A table for the template; its fields except `name` and `layer` are SQL. `where` selects the event's rows."""

    name: str
    layer: str
    table: str
    where: str


def event_queries(accounting: Accounting, layers: Mapping[str, str]) -> tuple[Block, ...]:
    """Return the queries that find an event by the pack's accounting. `layers` are the layers of its tables."""
    ids = accounting.ids
    ends = (
        (*((place, "typed") for place in ids.tables), *((place, "rejects") for place in ids.reject_tables))
        if ids
        else ()
    )
    by_position = [found for found in (accounting.raw, accounting.dispositions) if found]
    text = render(
        _TEMPLATE.read_text(encoding="utf-8"),
        {
            "positioned": [
                {
                    "name": found.table,
                    "layer": layers.get(found.table, "raw"),
                    "columns": ", ".join(map(quoted, (found.topic, found.partition, found.offset))),
                    "table": quoted(found.table),
                }
                for found in by_position
            ],
            "tables": [_of(place, layers.get(place.table, layer)) for place, layer in ends],
            "topics": [topic_place(place.topic) for place in ids.reject_topics] if ids else [],
        },
        _TEMPLATE.name,
        POSTGRES,
    )
    return parse_blocks(text, f"accounting/{_TEMPLATE.name}", POSTGRES)


def id_of(place: IdColumn) -> str:
    """Return the SQL of the id of an event in a row of a table."""
    return f"({place.sql})" if place.sql else quoted(place.column)


def _of(place: IdColumn, layer: str) -> _Table:
    where = f"{id_of(place)}::text = {{event:text}}"
    return _Table(place.table, layer, quoted(place.table), f"{where} AND ({place.where})" if place.where else where)
