"""Columns of inferred kinds as ClickHouse types, and how their values are taken from an event's JSON text.

An event is read in two ways, each with one call for all columns. The plain way reads the text as it is. The exact way
reads a text in which every string ends with `|` and every number is a string that begins with `|`: so no digit of a
number is lost, and a number is told from a string. `templates/macros.sql.j2` has the functions of the exact way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from streamproof.fixtures.inference.model import Column, Family, Kind, Path, Values
from streamproof.fixtures.inference.names import path_text
from streamproof.sql.templating import sql_string

_SCALE = {"s": 0, "ms": 3, "us": 6, "ns": 9}
_FROM_EPOCH = {
    "s": "fromUnixTimestamp64Second",
    "ms": "fromUnixTimestamp64Milli",
    "us": "fromUnixTimestamp64Micro",
    "ns": "fromUnixTimestamp64Nano",
}
_TO_EPOCH = {unit: name.replace("fromUnix", "toUnix") for unit, name in _FROM_EPOCH.items()}
_DECIMALS = {18: "toDecimal64OrNull", 38: "toDecimal128OrNull", 76: "toDecimal256OrNull"}
_ESCAPED = str.maketrans({"{": "\\x7B", **{sign: f"\\x{ord(sign):02X}" for sign in map(chr, range(32))}})
# Keys that ClickHouse takes for no element of a tuple. On the exact way every key has a `|` at its end.
_NO_ELEMENTS = frozenset(("", "null"))


@dataclass(frozen=True, slots=True)
class TypedColumn:
    """A column of a typed table. `value` is the SQL of its value, `expected` and `seen` are SQL of texts to compare.

    `value` is made for the materialized view, the others for the parity check. They share no expression: the check
    would repeat a fault of the view. `name` and `path` are quoted; the path is for comments.
    """

    column: Column
    name: str
    type: str
    value: str
    expected: str
    seen: str
    path: str


def literal(text: str) -> str:
    """Quote a text as an SQL literal of one line without braces.

    A migration is a template, which would take braces for its own. A file that is read has its line ends changed.
    """
    return sql_string(text).translate(_ESCAPED)


def quoted(name: str) -> str:
    """Quote a name of our own: lower-case letters, digits and underscores."""
    return f"`{name}`"


def shown_path(path: Path) -> str:
    """Return a path for a reader."""
    return path_text(path) or "the whole event"


def typed_columns(family: Family) -> tuple[TypedColumn, ...]:
    """Return the columns of a family's table, without those that say which record a row comes from."""
    return tuple(_typed(_readable(column)) for column in family.columns)


def _readable(column: Column) -> Column:
    """Return the column, as text if its path has a key that only the exact way can read."""
    if _NO_ELEMENTS.isdisjoint(column.path) or is_exact(column):
        return column
    kind = Kind.DOCUMENT if column.values.kind is Kind.LIST else Kind.AS_WRITTEN
    return replace(column, values=Values(kind), choices=())


def _typed(column: Column) -> TypedColumn:
    return TypedColumn(
        column=column,
        name=quoted(column.name),
        type=sql_type(column),
        value=_value(column),
        expected=_expected(column),
        seen=_seen(column.values, quoted(column.name)),
        path=literal(shown_path(column.path)),
    )


def is_exact(column: Column) -> bool:
    """Return whether a column is read on the exact way."""
    return _needs_exact(column.values)


def _needs_exact(values: Values) -> bool:
    if values.kind is Kind.LIST and values.entry:
        return _needs_exact(values.entry)
    wide = values.kind is Kind.INTEGER and values.bits > 64
    return wide or values.kind in (Kind.DECIMAL, Kind.AS_WRITTEN, Kind.DOCUMENT)


def sql_type(column: Column) -> str:
    """Return the type of a column."""
    if column.values.kind is Kind.LIST:
        return _list_type(column.values)
    inner = _scalar_type(column.values)
    if column.nullable:
        inner = f"Nullable({inner})"
    return f"LowCardinality({inner})" if column.choices else inner


def _list_type(values: Values) -> str:
    inner = _scalar_type(values.entry or Values(Kind.TEXT))
    return f"Array(Nullable({inner}))" if values.has_null else f"Array({inner})"


def _scalar_type(values: Values) -> str:
    match values.kind:
        case Kind.BOOLEAN:
            found = "Bool"
        case Kind.INTEGER:
            found = f"{'' if values.signed else 'U'}Int{values.bits}"
        case Kind.DECIMAL:
            found = f"Decimal({values.precision}, {values.scale})"
        case Kind.FLOATING:
            found = "Float64"
        case Kind.EPOCH:
            found = f"DateTime64({_SCALE[values.unit]}, 'UTC')"
        case Kind.MOMENT:
            found = f"DateTime64({values.scale}, 'UTC')"
        case Kind.DATE:
            found = "Date32"
        case _:
            found = "String"
    return found


# The value of a column, for the materialized view.


def _value(column: Column) -> str:
    values, found = column.values, element("_exact" if is_exact(column) else "_plain", column)
    if values.kind is Kind.LIST:
        entry = values.entry or Values(Kind.TEXT)
        if not is_exact(column):
            return found
        inner = _from_exact(entry, "entry")
        inner = inner if values.has_null else _solid(inner, _scalar_type(entry))
        return f"arrayMap(entry -> {inner}, {found})"
    if is_exact(column):
        made = _from_exact(values, found)
        return made if column.nullable else _solid(made, _scalar_type(values))
    return _from_plain(values, found, nullable=column.nullable)


def _from_plain(values: Values, found: str, *, nullable: bool) -> str:
    missing = "Null" if nullable else "Zero"
    match values.kind:
        case Kind.EPOCH:
            return f"{_FROM_EPOCH[values.unit]}({found}, 'UTC')"
        case Kind.MOMENT:
            return f"parseDateTime64BestEffortOr{missing}({found}, {values.scale}, 'UTC')"
        case Kind.DATE:
            return f"toDate32Or{missing}({found})"
        case _:
            return found


def _from_exact(values: Values, found: str) -> str:
    number = f"number_in({found})"
    match values.kind:
        case Kind.DECIMAL:
            return f"{_DECIMALS[values.precision]}({number}, {values.scale})"
        case Kind.INTEGER:
            return f"to{_scalar_type(values)}OrNull({number})"
        case _:
            return f"as_written({found})"


def _solid(expression: str, declared: str) -> str:
    """Return an expression that gives the default of a type for null."""
    return f"ifNull({expression}, defaultValueOfTypeName({literal(declared)}))"


def _plain_leaf(column: Column) -> str:
    """Return the type in which a column is read on the plain way, for the materialized view."""
    values = column.values
    if values.kind is Kind.LIST:
        return _list_type(values)
    read_as = {Kind.EPOCH: "Int64", Kind.MOMENT: "String", Kind.DATE: "String"}
    inner = read_as.get(values.kind) or _scalar_type(values)
    return f"Nullable({inner})" if column.nullable else inner


# The texts that the parity check compares.


def _expected(column: Column) -> str:
    found = element("_written" if is_exact(column) else "_read", column)
    if column.values.kind is Kind.LIST:
        entry = column.values.entry or Values(Kind.TEXT)
        return f"toString(arrayMap(entry -> {_expected_text(entry, 'entry')}, {found}))"
    return _expected_text(column.values, found)


def _expected_text(values: Values, found: str) -> str:
    match values.kind:
        case Kind.FLOATING:
            return f"float_in({found})"
        case Kind.MOMENT:
            clock = f"toDateTime64OrNull(clock_of({found}, {values.scale}), {values.scale}, 'UTC')"
            return f"toString({clock} - shift_of({found}))"
        case Kind.DECIMAL:
            return f"shortest(number_in({found}))"
        case Kind.INTEGER if values.bits > 64:
            return f"number_in({found})"
        case Kind.AS_WRITTEN | Kind.DOCUMENT:
            return f"as_written({found})"
        case _:
            return found


def _seen(values: Values, name: str) -> str:
    if values.kind is Kind.LIST:
        return f"toString(arrayMap(entry -> CAST(toString(entry), 'Nullable(String)'), {name}))"
    if values.kind is Kind.EPOCH:
        return f"toString({_TO_EPOCH[values.unit]}({name}))"
    return f"toString({name})"


# One call that reads many columns.


def element(tuple_name: str, column: Column) -> str:
    """Return the SQL of a column's element of a tuple that was read from an event."""
    if not column.path:
        return tuple_name
    suffix = "|" if tuple_name in ("_exact", "_written", "_there") else ""
    found = tuple_name
    for key in column.path:
        found = f"tupleElement({found}, {literal(key + suffix)})"
    return found


def plain_type(columns: Iterable[TypedColumn]) -> str:
    """Return the type of tuple `_plain`: the columns of the plain way, in their own types. '' if there are none."""
    return _tuple_of({c.column.path: _plain_leaf(c.column) for c in columns if not is_exact(c.column)}, "")


def read_type(columns: Iterable[TypedColumn]) -> str:
    """Return the type of tuple `_read`: the columns of the plain way as texts. '' if there are none."""
    return _tuple_of({c.column.path: _text_leaf(c.column) for c in columns if not is_exact(c.column)}, "")


def exact_type(columns: Iterable[TypedColumn]) -> str:
    """Return the type of the tuples `_exact` and `_written`: the columns of the exact way. '' if there are none."""
    return _tuple_of({c.column.path: _text_leaf(c.column) for c in columns if is_exact(c.column)}, "|")


def presence_type(columns: Iterable[TypedColumn]) -> str:
    """Return the type of a tuple with every column as text or null, on the exact way."""
    return _tuple_of({c.column.path: "Nullable(String)" for c in columns}, "|")


def _text_leaf(column: Column) -> str:
    return "Array(Nullable(String))" if column.values.kind is Kind.LIST else "Nullable(String)"


def _tuple_of(leaves: Mapping[Path, str], suffix: str) -> str:
    """Return a type that reads every path of an object, as an SQL literal."""
    if not leaves:
        return ""
    if () in leaves:
        return literal(leaves[()])
    tree: dict[str, Any] = {}
    for path, leaf in leaves.items():
        branch = tree
        for key in path[:-1]:
            branch = branch.setdefault(key, {})
        branch[path[-1]] = leaf
    return literal(_tuple_text(tree, suffix))


def _tuple_text(tree: Mapping[str, Any], suffix: str) -> str:
    parts = []
    for key, below in tree.items():
        name = (key + suffix).replace("\\", "\\\\").replace("`", "\\`")
        parts.append(f"`{name}` {below if isinstance(below, str) else _tuple_text(below, suffix)}")
    return f"Tuple({', '.join(parts)})"
