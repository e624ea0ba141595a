"""The checks and the queries of a pack's accounting, from the templates of a kind of warehouse.

The checks: every record is in a table once, its value is unchanged, and every id is in exactly one place. Each is a
block with its mutations, like a check in a file of a pack. The queries find one event in the tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from streamproof.model.accounting import DISPOSITIONS_ONCE
from streamproof.model.rungs import Rung
from streamproof.packs.accounting import Accounting, Dispositions, IdColumn, Ids, RawTable
from streamproof.sql.blocks import Block, parse_blocks
from streamproof.sql.dialects import Dialect
from streamproof.sql.templating import render
from streamproof.warehouse.values import ALL_VALUE_KINDS, topic_place

# The layers that a failure points to when the pack puts the table in none.
_RAW_LAYER, _TYPED_LAYER, _REJECTS_LAYER = "raw", "typed", "rejects"
_ID_CHECKS = {
    "missing": "no_id_is_missing",
    "duplicated": "no_id_is_duplicated",
    "in_two_places": "no_id_is_in_two_places",
    "from_nowhere": "no_id_is_from_nowhere",
}
Layers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where events end, for the template. `table`, `column` and `where` are SQL."""

    name: str
    table: str
    column: str
    where: str
    many: bool = False
    is_topic: bool = False


@dataclass(frozen=True, slots=True)
class AccountingSql:
    """A kind of warehouse, as far as its accounting differs from that of others.

    `folder` has the templates. `raw_value_kinds` are the kinds of Kafka values that reach its raw table. `is_event` is
    the SQL condition that `{id}` is the id that is asked for. `filters` are functions for its templates.
    """

    folder: Path
    dialect: Dialect
    raw_value_kinds: Sequence[str]
    is_event: str
    filters: Mapping[str, Any] = field(default_factory=dict)

    def checks(self, accounting: Accounting, layers: Layers) -> tuple[Block, ...]:
        """Return the checks of the parts that a pack's accounting has. `layers` are the layers of its tables.

        Raises SqlSourceError for a broken condition of the pack.
        """
        found: tuple[Block, ...] = ()
        if raw := accounting.raw:
            kinds = self.raw_value_kinds
            found += self._records("raw_holds_every_record_once", Rung.RAW_COMPLETE, raw, kinds, layers)
            found += self._values(raw, layers)
        if ids := accounting.ids:
            found += self._ids(ids, layers)
        if dispositions := accounting.dispositions:
            name, rung = DISPOSITIONS_ONCE, Rung.RECORDS_ACCOUNTED
            found += self._records(name, rung, dispositions, ALL_VALUE_KINDS, layers)
        return found

    def queries(self, accounting: Accounting, layers: Layers) -> tuple[Block, ...]:
        """Return the queries that find an event. `layers` are the layers of the tables. Raises SqlSourceError."""
        ids, quoted = accounting.ids, self.dialect.identifier
        tables = [(place, _TYPED_LAYER) for place in ids.tables] if ids else []
        rejects = [(place, _REJECTS_LAYER) for place in ids.reject_tables] if ids else []
        positioned = [
            {
                "name": found.table,
                "layer": layers.get(found.table, _RAW_LAYER),
                "columns": ", ".join(map(quoted, (found.topic, found.partition, found.offset))),
                "table": quoted(found.table),
            }
            for found in (accounting.raw, accounting.dispositions)
            if found
        ]
        variables = {
            "positioned": positioned,
            "tables": [self._found(place, layers.get(place.table, layer)) for place, layer in (*tables, *rejects)],
            "topics": [topic_place(place.topic) for place in ids.reject_topics] if ids else [],
        }
        return self._blocks("event", variables)

    def _records(
        self, name: str, rung: Rung, table: RawTable | Dispositions, kinds: Sequence[str], layers: Layers
    ) -> tuple[Block, ...]:
        variables = {**self._columns(table), "name": name, "rung": rung, "what": f"table {table.table}"}
        variables["kinds"] = ", ".join(f"'{kind}'" for kind in kinds)
        variables["layer"] = layers.get(table.table, _RAW_LAYER)
        return self._blocks("records", variables)

    def _values(self, raw: RawTable, layers: Layers) -> tuple[Block, ...]:
        if not raw.value:
            return ()
        variables = {**self._columns(raw), "value": self.dialect.identifier(raw.value)}
        variables |= {"name": "raw_values_are_those_published", "rung": Rung.RAW_COMPLETE}
        return self._blocks("values", {**variables, "layer": layers.get(raw.table, _RAW_LAYER)})

    def _columns(self, table: RawTable | Dispositions) -> dict[str, object]:
        names = {"table": table.table, "topic": table.topic, "partition": table.partition, "offset": table.offset}
        return {name: self.dialect.identifier(value) for name, value in names.items()}

    def _ids(self, ids: Ids, layers: Layers) -> tuple[Block, ...]:
        quoted, string = self.dialect.identifier, self.dialect.string
        tables = [
            _Place(place.table, quoted(place.table), self._id(place), place.where or "true", place.many)
            for place in (*ids.tables, *ids.reject_tables)
        ]
        topics = [
            _Place(name, "reject_topic_ids", "id", f"place = {string(name)}", is_topic=True)
            for name in (topic_place(place.topic) for place in ids.reject_topics)
        ]
        places = [*tables, *topics]
        variables = {
            "names": _ID_CHECKS,
            "layer": layers.get(ids.tables[0].table, _TYPED_LAYER),
            "rung": Rung.IDS_ACCOUNTED,
            "tables": tables,
            "places": places,
            "once": [place for place in places if not place.many],
        }
        return self._blocks("ids", variables)

    def _id(self, place: IdColumn) -> str:
        return f"({place.sql})" if place.sql else self.dialect.identifier(place.column)

    def _found(self, place: IdColumn, layer: str) -> dict[str, str]:
        """Return a table for the template. Its `where` selects the rows of the event."""
        where = self.is_event.replace("{id}", self._id(place))
        where = f"{where} AND ({place.where})" if place.where else where
        return {"name": place.table, "layer": layer, "table": self.dialect.identifier(place.table), "where": where}

    def _blocks(self, template: str, variables: Mapping[str, object]) -> tuple[Block, ...]:
        file = self.folder / f"{template}.sql.j2"
        text = render(file.read_text(encoding="utf-8"), {**variables, **self.filters}, file.name, self.dialect)
        return parse_blocks(text, f"accounting/{file.name}", self.dialect)
