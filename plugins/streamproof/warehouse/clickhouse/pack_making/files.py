"""Render the files of a new pack that are written in ClickHouse's SQL: schema, checks, trace, content and contracts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment

from streamproof.fixtures import plain_values
from streamproof.fixtures.inference.model import Family, Inferred, Kind
from streamproof.fixtures.values import MAX_DEPTH
from streamproof.model.fixture import ValueRules
from streamproof.model.formats.templates import templates_of
from streamproof.model.formats.yaml_files import yaml_text
from streamproof.warehouse.clickhouse import reserved_columns
from streamproof.warehouse.clickhouse.pack_making import columns as made
from streamproof.warehouse.clickhouse.pack_making.columns import TypedColumn, element, literal, quoted, typed_columns
from streamproof.warehouse.values import MadeColumn, MadePack, MadeTable, RecordTable

RAW, REJECTED = "raw_events", "rejected_events"
PLACE, RECORD_TIME = reserved_columns[:3], reserved_columns[3]
# The most characters of an enumeration's values that a README shows.
_SHOWN = 80
_ALWAYS_EMPTY = "The list has no entry in any of the events that the pack was made from."
# The suites, and their checks by the names of the templates.
SUITES: Mapping[str, tuple[str, ...]] = {
    "raw": ("raw_records_are_unchanged", "required_fields_are_there"),
    "typed": ("every_record_has_one_row", "rejects_are_expected", "keys_are_unique", "times_are_in_the_window"),
}
_PROBLEMS = {
    "not_json": plain_values.NOT_JSON,
    "not_an_object": plain_values.NOT_AN_OBJECT,
    "too_deep": plain_values.TOO_DEEP,
    "unknown_type": plain_values.UNKNOWN_TYPE,
}


@dataclass(frozen=True, slots=True)
class RequiredColumn:
    """A column that every event has, and the SQL of its text in the tuple `_there`."""

    column: Any
    there: str


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one column, which the parity check must notice."""

    title: str
    column: str
    value: str


class Table:
    """The typed table of a family, as the templates see it."""

    def __init__(self, family: Family) -> None:
        self.source = family
        self.family = family.name
        self.name = table_name(family)
        self.columns = typed_columns(family)
        self.plain_type = made.plain_type(self.columns)
        self.read_type = made.read_type(self.columns)
        self.exact_type = made.exact_type(self.columns)
        self.presence_type = made.presence_type(self.columns)
        self.key = [quoted(name) for name in family.key or PLACE]
        self.time_name = family.time or RECORD_TIME
        self.time = quoted(self.time_name)
        kind = f"of type {family.event_type}" if family.event_type is not None else "without a type of its own"
        self.about = f"Events {kind}, one row each."
        self.required = [
            RequiredColumn(typed.column, element("_there", typed.column))
            for typed in self.columns
            if not typed.column.nullable and typed.column.path
        ]
        self.enumerations = [typed for typed in self.columns if typed.column.choices]
        self.choice = self.enumerations[0] if self.enumerations else None
        shown = {self.time_name, self.choice.column.name if self.choice else ""}
        self.left_out = [typed.column.name for typed in self.columns if typed.column.name not in shown]
        self.changes = list(_changes(self.columns))


def table_name(family: Family) -> str:
    """Return the name of a family's table: that of the family, which is the only one, or one that begins `events_`."""
    return family.name if family.name == "events" else f"events_{family.name}"


def _changes(columns: Sequence[TypedColumn]) -> Iterator[Change]:
    """Yield a change of the first column of numbers, and one of the first column of texts."""
    numbers = (Kind.INTEGER, Kind.DECIMAL, Kind.FLOATING)
    texts = (Kind.TEXT, Kind.AS_WRITTEN, Kind.DOCUMENT)
    number = next((typed for typed in columns if typed.column.values.kind in numbers), None)
    if number:
        zero = f"CAST(0, {literal(made.sql_type(number.column))})"
        value = f"if(ifNull({number.name}, {zero}) = 0, 1, 0)"
        yield Change(f"{number.column.name} is another number", number.name, value)
    text = next((typed for typed in columns if typed.column.values.kind in texts), None)
    if text:
        yield Change(f"{text.column.name} is another text", text.name, "'streamproof: changed'")


@cache
def _environment() -> Environment:
    filters = {"literal": literal, "yaml_text": yaml_text}
    return templates_of("streamproof.warehouse.clickhouse.pack_making", filters, trim=False)


def make_pack(inferred: Inferred, rules: ValueRules, *, by_warehouse: bool) -> MadePack:
    """Return schema, checks, trace and contracts of a new pack: see `registry.WarehouseKind`."""
    tables = [Table(family) for family in inferred.families]
    return MadePack(
        files=_files(tables, rules, by_warehouse=by_warehouse),
        raw=RecordTable(RAW, *PLACE),
        raw_value="payload",
        tables=tuple(_shown(table) for table in tables),
        rejected=REJECTED,
        suites=tuple(SUITES),
        exempt_columns={
            f"{table.name}.{typed.column.name}": _ALWAYS_EMPTY
            for table in tables
            for typed in table.columns
            if typed.column.always_empty and typed.column.values.kind is Kind.LIST
        },
    )


def _shown(table: Table) -> MadeTable:
    columns = tuple(
        MadeColumn(typed.column.name, typed.type, made.shown_path(typed.column.path), _note(typed))
        for typed in table.columns
    )
    family = table.source
    return MadeTable(table.name, family.event_type, family.events, family.key, family.time, columns)


def _note(typed: TypedColumn) -> str:
    """Return a remark on a column; for an enumeration, its values."""
    choices = ", ".join(typed.column.choices)
    return f"one of: {choices[:_SHOWN]}{' …' if len(choices) > _SHOWN else ''}" if choices else typed.column.note


def _files(tables: Sequence[Table], rules: ValueRules, *, by_warehouse: bool) -> dict[str, str]:
    """Return the texts of the files by path: `sql/…` and `contracts/…` of the pack."""
    values: dict[str, Any] = {
        "tables": tables,
        "by_warehouse": by_warehouse,
        "problems": _PROBLEMS,
        "max_depth": MAX_DEPTH,
        "type_path": ", ".join(map(literal, rules.type)),
        "types": list(rules.families.items()),
        "untyped": rules.untyped,
        "others": rules.others,
        "raw": RAW,
        "rejected": REJECTED,
        "choices": [{"table": table.name, "column": typed} for table in tables for typed in table.enumerations],
    }
    found = {}
    for name in ("0001_raw_events", "0002_typed_tables"):
        found[f"sql/schema/{name}.sql.j2"] = _render(f"{name}.sql.j2.j2", values)
    for name in ("01_records", "02_tables"):
        found[f"sql/trace/{name}.sql"] = _render(f"{name}.sql.j2", values)
    found["sql/content/tables.sql"] = _render("content.sql.j2", values)
    for suite, checks in SUITES.items():
        for check in checks:
            if check != "required_fields_are_there" or any(table.required for table in tables):
                found[f"sql/assertions/{suite}/{check}.sql"] = _render(f"{check}.sql.j2", values)
    if values["choices"]:
        found["sql/assertions/typed/enumerations_hold.sql"] = _render("enumerations_hold.sql.j2", values)
    for table in tables:
        found[f"sql/assertions/typed/{table.name}_equals_raw.sql"] = _render("parity.sql.j2", {"table": table})
        found[f"contracts/{table.name}.yaml"] = _render("contract.yaml.j2", {"table": table})
    return found


def _render(template: str, values: Mapping[str, Any]) -> str:
    return _environment().get_template(template).render(values).strip() + "\n"
