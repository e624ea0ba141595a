"""The checks of the accounting: every record in a table once, its value unchanged, every id in exactly one place.

Each is a block with its mutations, like a check in a file of a pack.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from streamproof.model.rungs import Rung
from streamproof.packs.accounting import Accounting, Dispositions, Ids, RawTable
from streamproof.sql.blocks import Block, parse_blocks
from streamproof.sql.dialects import POSTGRES
from streamproof.sql.templating import render
from streamproof.warehouse.postgres.accounting.events import id_of
from streamproof.warehouse.postgres.client import quoted
from streamproof.warehouse.postgres.duplicating import duplicating
from streamproof.warehouse.values import ALL_VALUE_KINDS, topic_place

_FOLDER = Path(__file__).parent
# The layers that a failure points to when the pack puts the table in none.
_RAW_LAYER, _TYPED_LAYER = "raw", "typed"
_ID_CHECKS = {
    "missing": "no_id_is_missing",
    "duplicated": "no_id_is_duplicated",
    "in_two_places": "no_id_is_in_two_places",
    "from_nowhere": "no_id_is_from_nowhere",
}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where events end, for the template. `table`, `column` and `where` are SQL."""

    name: str
    table: str
    column: str
    where: str
    many: bool = False


def accounting_checks(accounting: Accounting, layers: Mapping[str, str]) -> tuple[Block, ...]:
    """Return the checks of the parts that a pack's accounting has. `layers` are the layers of its tables, by table."""
    found: tuple[Block, ...] = ()
    if raw := accounting.raw:
        found += _records("raw_holds_every_record_once", Rung.RAW_COMPLETE, raw, ALL_VALUE_KINDS, layers)
        found += _values(raw, layers)
    if ids := accounting.ids:
        found += _ids(ids, layers)
    if dispositions := accounting.dispositions:
        rung = Rung.RECORDS_ACCOUNTED
        found += _records("dispositions_hold_every_record_once", rung, dispositions, ALL_VALUE_KINDS, layers)
    return found


def _records(
    name: str, rung: Rung, table: RawTable | Dispositions, kinds: Sequence[str], layers: Mapping[str, str]
) -> tuple[Block, ...]:
    variables = {**_columns(table), "name": name, "rung": rung, "what": f"table {table.table}"}
    variables["kinds"] = ", ".join(f"'{kind}'" for kind in kinds)
    variables["layer"] = layers.get(table.table, _RAW_LAYER)
    return _blocks("records", variables)


def _values(raw: RawTable, layers: Mapping[str, str]) -> tuple[Block, ...]:
    if not raw.value:
        return ()
    variables = {**_columns(raw), "value": quoted(raw.value), "name": "raw_values_are_those_published"}
    # A text that is cast to bytea would be read as its literal, in which a backslash is special.
    variables["as_bytes"] = f"convert_to(found.{quoted(raw.value)}, 'UTF8')"
    return _blocks("values", {**variables, "rung": Rung.RAW_COMPLETE, "layer": layers.get(raw.table, _RAW_LAYER)})


def _columns(table: RawTable | Dispositions) -> dict[str, object]:
    names = {"table": table.table, "topic": table.topic, "partition": table.partition, "offset": table.offset}
    return {name: quoted(value) for name, value in names.items()}


def _ids(ids: Ids, layers: Mapping[str, str]) -> tuple[Block, ...]:
    tables = [
        _Place(place.table, quoted(place.table), id_of(place), place.where or "true", place.many)
        for place in (*ids.tables, *ids.reject_tables)
    ]
    topics = [
        _Place(name, "reject_topic_ids", "id", f"place = {POSTGRES.string(name)}")
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
    return _blocks("ids", variables)


def _blocks(template: str, variables: Mapping[str, object]) -> tuple[Block, ...]:
    """Return the checks of a template of this folder. Raises SqlSourceError for a broken condition of the pack."""
    file = _FOLDER / f"{template}.sql.j2"
    text = render(file.read_text(encoding="utf-8"), {**variables, "twice": duplicating}, file.name, POSTGRES)
    return parse_blocks(text, f"accounting/{file.name}", POSTGRES)
