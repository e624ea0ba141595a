"""The damages of an object: every column by itself, pairs of neighbouring columns, and whole rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise

from streamproof.warehouse.clones import Damage
from streamproof.warehouse.postgres.client import quoted

# Damages of whole rows. `damaging` builds their statements.
LOSE_ROW, DOUBLE_ROW, LOSE_FAMILY = "a row is lost", "a row is there twice", "a family is lost"
ROW_DAMAGES = (LOSE_ROW, DOUBLE_ROW, LOSE_FAMILY)

_GREATEST = {"smallint": (1 << 15) - 1, "integer": (1 << 31) - 1, "bigint": (1 << 63) - 1}
_NUMBER = re.compile(r"^(smallint|integer|bigint|real|double precision|numeric\b)")
_TEXT = re.compile(r"^(text|name|character)")


def column_damages(table: str, column: str, declared: str) -> Iterator[Damage]:
    """Yield the damages that fit a column's type, starting with the one that most likely changes a value."""
    name = quoted(column)
    for title, expression in _by_type(name, declared):
        yield Damage(table, column, title, {column: f"({expression})::{declared}"})
    yield Damage(table, column, "null", {column: f"NULL::{declared}"})


def _by_type(name: str, kind: str) -> Iterator[tuple[str, str]]:
    if kind.endswith("[]"):
        yield "shortened", f"({name})[1:cardinality({name}) - 1]"
        yield "empty", "'{}'"
    elif kind == "boolean":
        yield "flipped", f"NOT {name}"
    elif _NUMBER.match(kind):
        yield "shifted", _shifted(name, kind)
        yield "zero", f"CASE WHEN {name} IS NOT NULL THEN 0 END"
    elif _TEXT.match(kind):
        yield "one constant", "'damaged'"
        yield "extended", f"{name} || 'x'"
        yield "blank", "''"
    elif kind.startswith("timestamp"):
        yield "an hour later", f"{name} + interval '1 hour'"
        yield "a second later", f"{name} + interval '1 second'"
    elif kind == "date":
        yield "a day later", f"{name} + 1"
    elif kind in ("json", "jsonb"):
        yield "empty", "'{}'"
    elif kind == "bytea":
        yield "empty", "''"
    elif kind == "uuid":
        yield "zero", "'00000000-0000-0000-0000-000000000000'"


def _shifted(name: str, kind: str) -> str:
    """Return the SQL of a number plus one; the greatest integer of a type becomes one less, to avoid an overflow."""
    greatest = _GREATEST.get(kind)
    return f"CASE WHEN {name} = {greatest} THEN {name} - 1 ELSE {name} + 1 END" if greatest else f"{name} + 1"


def swaps(table: str, columns: Mapping[str, str]) -> Iterator[Damage]:
    """Yield the swap of every pair of neighbouring columns of one type; `columns` are in the table's order."""
    for first, second in pairwise(columns):
        if columns[first] == columns[second]:
            values = {first: quoted(second), second: quoted(first)}
            yield Damage(table, f"{first} <> {second}", "swapped", values)


def damages_of(table: str, columns: Mapping[str, str], *, every: bool) -> Iterator[Damage]:
    """Yield the damages of an object. `columns` holds the types of the columns that are not exempt, in their order.

    Without `every`, it yields only damages of columns; the caller uses the first of each column that changes a value.
    """
    for column, declared in columns.items():
        yield from column_damages(table, column, declared)
    if every:
        yield from swaps(table, columns)
        for name in ROW_DAMAGES:
            yield Damage(table, "", name, {})
