"""Compare two saved contents of one pack, table by table, as multisets of rows."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from streamproof.content.pairing import paired
from streamproof.model.content import (
    ChangedRow,
    ContentDifference,
    SavedContent,
    SavedTable,
    TableDifference,
    UnequalRow,
)
from streamproof.model.errors import UsageError
from streamproof.warehouse.registry import warehouse_kind
from streamproof.warehouse.values import FileRow, FilesCompared

# Rows of each side among which pairs are searched.
CANDIDATES = 100
_NULLABLE = re.compile(r"Nullable\((?P<kind>.*)\)")


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two contents: the name that the user gave, the folder of its files, and which there are."""

    name: str
    folder: Path
    content: SavedContent


def compare_contents(kind: str, one: Side, other: Side, *, only: Sequence[str] = (), rows: int) -> ContentDifference:
    """Compare two contents that a warehouse of this kind has saved.

    With `only`, just the tables of these names. `rows` is the number of examples for each table and side.

    Raises UsageError when the contents are of two packs, have not the same tables and columns, are not complete, or
    have no table of a name; WarehouseError when a file cannot be read.
    """
    _refuse_incomparable(one, other)
    pairs = _chosen(one, other, only)
    files = [(one.folder / mine.file, other.folder / its.file) for mine, its in pairs]
    found = warehouse_kind(kind).compare_files(files, samples=max(rows, CANDIDATES))
    differing = []
    for (table, _), compared in zip(pairs, found, strict=True):
        _refuse_other_columns(table.name, one, other, compared)
        if compared.only != (0, 0):
            differing.append(_difference(table, compared, rows))
    seen = (sum(it.rows[0] for it in found), sum(it.rows[1] for it in found))
    return ContentDifference((one.name, other.name), one.content.pack, len(found), seen, tuple(differing))


def _refuse_incomparable(one: Side, other: Side) -> None:
    packs = one.content.pack, other.content.pack
    if packs[0] != packs[1]:
        raise UsageError(
            f"{one.name} is of pack {packs[0]}, and {other.name} of pack {packs[1]}.",
            hint="Two contents can be compared along the projections of one pack.",
        )
    for side in (one, other):
        if side.content.reason:
            raise UsageError(
                f"{side.name} has no saved content: {side.content.reason}",
                hint="Compare runs that replayed events, with a pack that has projections: see docs/operations.md.",
            )
        if side.content.not_saved:
            name, error = next(iter(side.content.not_saved.items()))
            number = len(side.content.not_saved)
            missing = f"{number} tables are missing" if number > 1 else "1 table is missing"
            raise UsageError(
                f"The saved content of {side.name} is not complete: {missing}; {name}: {error}",
                hint="Correct that and make the run again.",
            )


def _chosen(one: Side, other: Side, only: Sequence[str]) -> list[tuple[SavedTable, SavedTable]]:
    mine, its = ({table.name: table for table in side.content.tables} for side in (one, other))
    for name in only:
        if name not in mine and name not in its:
            near = difflib.get_close_matches(name, mine, n=3)
            hint = f"Did you mean: {', '.join(near)}?" if near else f"There are: {', '.join(mine)}."
            raise UsageError(f"There is no table '{name}'.", hint=hint)
    wanted = [name for name in (*mine, *its) if not only or name in only]
    for name in wanted:
        if name not in mine or name not in its:
            has, lacks = (one, other) if name in mine else (other, one)
            raise UsageError(
                f"{has.name} has a projection '{name}', and {lacks.name} has none.",
                hint="The pack has changed between them. Name tables that both have with --table.",
            )
    return [(mine[name], its[name]) for name in dict.fromkeys(wanted)]


def _refuse_other_columns(name: str, one: Side, other: Side, compared: FilesCompared) -> None:
    columns = [dict(side) for side in compared.columns]
    for side, mine, its in ((one, columns[0], columns[1]), (other, columns[1], columns[0])):
        more = [column for column in mine if column not in its]
        if more:
            raise UsageError(
                f"Table {name} has columns that only {side.name} has: {', '.join(more)}.",
                hint="The projection or the schema has changed between them: rows of other columns cannot be compared.",
            )
    for column, kind in columns[0].items():
        # Whether a column may hold NULL is no difference, as long as the values are the same.
        if _bare(kind) != _bare(columns[1][column]):
            raise UsageError(
                f"Column {name}.{column} is {kind} in {one.name} and {columns[1][column]} in {other.name}.",
                hint="The projection or the schema has changed between them: convert it there, or compare other runs.",
            )


def _bare(kind: str) -> str:
    found = _NULLABLE.fullmatch(kind)
    return found["kind"] if found else kind


def _difference(table: SavedTable, compared: FilesCompared, rows: int) -> TableDifference:
    names = [name for name, _ in compared.columns[0]]
    mine, its = compared.samples
    pairs = paired([row.values for row in mine], [row.values for row in its])
    alone = [row for place, row in enumerate(mine) if place not in {a for a, _ in pairs}][:rows]
    alone += [row for place, row in enumerate(its) if place not in {b for _, b in pairs}][:rows]
    return TableDifference(
        table.layer,
        table.name,
        compared.rows,
        compared.only,
        tuple(_changed(names, mine[a], its[b]) for a, b in pairs[:rows]),
        tuple(UnequalRow(row.times, dict(zip(names, row.values, strict=True))) for row in alone),
    )


def _changed(names: Sequence[str], one: FileRow, other: FileRow) -> ChangedRow:
    values = list(zip(names, one.values, other.values, strict=True))
    return ChangedRow(
        same={name: a for name, a, b in values if a == b},
        one={name: a for name, a, b in values if a != b},
        other={name: b for name, a, b in values if a != b},
    )
