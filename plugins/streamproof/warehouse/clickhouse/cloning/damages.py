"""The damages of an object: every column by itself, pairs of neighbouring columns, and whole rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise

from streamproof.warehouse.clickhouse.comparing.comparison import quoted
from streamproof.warehouse.clones import Damage

# Damages of whole rows. `damaging` builds their statements.
LOSE_ROW, DOUBLE_ROW, LOSE_FAMILY = "a row is lost", "a row is there twice", "a family is lost"
ROW_DAMAGES = (LOSE_ROW, DOUBLE_ROW, LOSE_FAMILY)

_WRAPPER = re.compile(r"^(Nullable|LowCardinality)\((.*)\)$")
_INTEGER = re.compile(r"^U?Int(8|16|32|64|128|256)$")
_NUMBER = re.compile(r"^(U?Int\d+|Float\d+|BFloat16|Decimal.*)$")
_CONSTANT = "damaged"


def bare_type(declared: str) -> tuple[str, bool]:
    """Return a type without its wrappers, and whether it can be null."""
    nullable = False
    while match := _WRAPPER.match(declared):
        nullable = nullable or match[1] == "Nullable"
        declared = match[2]
    return declared, nullable


def column_damages(table: str, column: str, declared: str) -> Iterator[Damage]:
    """Yield the damages that fit a column's type, starting with the one that most likely changes a value."""
    kind, nullable = bare_type(declared)
    name = quoted(column)
    for title, expression in _by_type(name, kind):
        yield Damage(table, column, title, {column: f"CAST({expression}, '{_escaped(declared)}')"})
    if nullable:
        yield Damage(table, column, "null", {column: f"CAST(NULL, '{_escaped(declared)}')"})


def _by_type(name: str, kind: str) -> Iterator[tuple[str, str]]:
    if kind in ("Bool", "UInt8"):
        yield "flipped", f"if({name} = 0, 1, 0)"
    if _NUMBER.match(kind):
        yield "shifted", _shifted(name, kind)
        yield "zero", f"if({name} IS NULL, NULL, 0)"
    elif kind == "String" or kind.startswith(("FixedString", "Enum")):
        yield "one constant", f"'{_CONSTANT}'"
        yield "extended", f"concat({name}, 'x')"
        yield "blank", "''"
    elif kind.startswith("DateTime"):
        yield "an hour later", f"{name} + INTERVAL 1 HOUR"
        yield "a second later", f"{name} + INTERVAL 1 SECOND"
    elif kind.startswith("Date"):
        yield "a day later", f"{name} + 1"
    elif kind.startswith("Map"):
        yield "shortened", f"mapFromArrays(arrayPopBack(mapKeys({name})), arrayPopBack(mapValues({name})))"
        yield "empty", f"mapFilter((k, v) -> false, {name})"
    elif kind.startswith("Array"):
        yield "shortened", f"arrayPopBack({name})"
        yield "empty", f"arrayResize({name}, 0)"
    elif kind.startswith(("AggregateFunction", "SimpleAggregateFunction")):
        yield from _of_state(name, kind)
    else:
        yield "default", f"defaultValueOfTypeName('{_escaped(kind)}')"


def _shifted(name: str, kind: str) -> str:
    """Return the SQL of a number plus one; the greatest integer of a type becomes one less, to avoid an overflow."""
    integer = _INTEGER.match(kind)
    if integer is None:
        return f"{name} + 1"
    top = (1 << (int(integer[1]) - (0 if kind.startswith("U") else 1))) - 1
    return f"if({name} = {top}, {name} - 1, {name} + 1)"


def _of_state(name: str, kind: str) -> Iterator[tuple[str, str]]:
    if kind.startswith("SimpleAggregateFunction("):
        yield from _by_type(name, bare_type(kind[len("SimpleAggregateFunction(") : -1].split(", ", 1)[1])[0])
    else:
        # An aggregate state multiplied by 0 is the state of no rows.
        yield "the state of no rows", f"{name} * 0"


def swaps(table: str, columns: Mapping[str, str]) -> Iterator[Damage]:
    """Yield the swap of every pair of neighbouring columns of one type; `columns` are in the table's order."""
    for first, second in pairwise(columns):
        if bare_type(columns[first]) == bare_type(columns[second]):
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


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")
