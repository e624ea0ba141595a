"""Make the tables, marks and series of an entity's page from its saved rows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from streamproof.content.entity_rows import EntityRows, Row, inside, is_number, milliseconds
from streamproof.model.content import SavedContent
from streamproof.model.entities.page import EntityTable, Mark, Series, moment
from streamproof.model.window import iso_ms
from streamproof.packs.entities import Entities
from streamproof.packs.entity_pages import Section

# Rows that a page shows of one table. More are counted.
MOST_SHOWN = 200


def read_tables(
    folder: Path, content: SavedContent, entities: Entities, ids: Iterable[str]
) -> dict[str, tuple[EntityTable, ...]]:
    """Return the tables of the page of each of these entities, in the order of the pack's sections.

    A table that cannot be read says why in its `note`. An entity without any row has tables without rows.
    """
    found = EntityRows(folder, content, entities, ids)
    layers = {table.name: table.layer for table in content.tables}
    tables: dict[str, list[EntityTable]] = {it: [] for it in found.ids}
    starts: dict[str, int] = {}
    sections = entities.page.sections if entities.page else ()
    asked = {table for section in sections if section.related for table in section.related.of}
    for section in sections:
        note = found.read(section)
        layer = layers.get(section.table, "")
        for it in found.ids:
            if note:
                tables[it].append(EntityTable(section.title, layer, section.table, note=note))
                continue
            kept = found.rows[section.table].get(it, [])
            rows = _in_order(section, kept, starts.get(it))
            # A related section asks for these rows: those that the page shows.
            found.rows[section.table][it] = rows if section.table in asked else []
            if not section.related:
                times = (starts.get(it), *(_time(row, section.time) for row in rows))
                starts |= {it: min(known)} if (known := [time for time in times if time is not None]) else {}
            total = found.totals[section.table].get(it, 0)
            table = _table(section, layer, found.columns[section.table], rows, total)
            tables[it].append(replace(table, nearest=len(kept)) if section.nearest else table)
    return {it: tuple(its) for it, its in tables.items()}


def known_ids(folder: Path, content: SavedContent, entities: Entities) -> set[str]:
    """Return the ids of the entities that the saved content has."""
    return EntityRows(folder, content, entities, ()).known_ids()


def _in_order(section: Section, rows: list[Row], start: int | None) -> list[Row]:
    if not section.time:
        return rows
    timed = [(time if (time := _time(row, section.time)) is not None else math.inf, row) for row in rows]
    if section.nearest:
        timed.sort(key=lambda it: abs(it[0] - (start or 0)))
        timed = timed[: section.nearest]
    return [row for _, row in sorted(timed, key=lambda it: it[0])]


def _table(section: Section, layer: str, names: Sequence[str], rows: Sequence[Row], total: int) -> EntityTable:
    columns = tuple(dict.fromkeys((*section.first, *(it for it in names if it not in section.omit))))
    return EntityTable(
        section.title,
        layer,
        section.table,
        columns,
        tuple(tuple(_cell(section, row, column) for column in columns) for row in rows[:MOST_SHOWN]),
        total,
        len(rows),
        marks=tuple(_marks(section, rows)) if section.drawn else (),
        series=tuple(_series(section, rows, name) for name in section.values),
        unit=section.unit,
    )


def _marks(section: Section, rows: Sequence[Row]) -> Iterable[Mark]:
    for row in rows:
        start = _time(row, section.time)
        if start is None:
            continue
        texts = [str(text) for path in section.label if (text := inside(row, path)) not in (None, "")]
        lane = str(inside(row, section.lane) or "no value") if section.lane else section.title
        yield Mark(lane, " · ".join(texts), start, _time(row, section.until))


def _series(section: Section, rows: Sequence[Row], name: str) -> Series:
    points = [(_time(row, section.time), inside(row, name)) for row in rows]
    return Series(name, tuple((time, float(it)) for time, it in points if time is not None and is_number(it)))


def _time(row: Mapping[str, Any], path: str) -> int | None:
    return milliseconds(inside(row, path)) if path else None


def _cell(section: Section, row: Row, column: str) -> Any:
    value = inside(row, column)
    is_time = column in (section.time, section.until) and not isinstance(value, datetime)
    time = milliseconds(value) if is_time else None
    # Unix milliseconds may be any number: not each is a time that a calendar has.
    return _plain(value) if time is None else moment(time)


def _plain(value: Any) -> Any:
    """Return a value as plain JSON data: times as ISO-8601 UTC, pairs as an object, bytes as text or hexadecimal."""
    if isinstance(value, datetime):
        return iso_ms(value if value.tzinfo else value.replace(tzinfo=UTC))
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return f"0x{value.hex()}"
    if isinstance(value, list) and value and all(isinstance(it, tuple) for it in value):
        return {str(name): _plain(it) for name, it in value}
    return value if value is None or isinstance(value, str | int | float | bool | list | dict) else str(value)
