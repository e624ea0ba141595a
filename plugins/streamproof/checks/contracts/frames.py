"""Read a contract's table into a DataFrame, and tell the values in it that are no finite numbers.

A DataFrame holds NULL and NaN as one and the same. A contract must not: NULL may be allowed, NaN never compares. So
ClickHouse itself says, row by row, which values are NaN or infinite.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from streamproof.checks.contracts.files import Contract
from streamproof.model.errors import WarehouseError
from streamproof.warehouse.clickhouse.binding import bindable
from streamproof.warehouse.clickhouse.client import refusals, rows
from streamproof.warehouse.clickhouse.view_cache import HeldViews

if TYPE_CHECKING:
    import pandas as pd
    from clickhouse_connect.driver.client import Client

_STORED_COLUMNS = """
SELECT name, type
FROM system.columns
WHERE database = currentDatabase() AND table = {name:String}
    AND default_kind NOT IN ('MATERIALIZED', 'ALIAS', 'EPHEMERAL')
ORDER BY position
"""
_FROM = "{from_ts:DateTime64(3, 'UTC')}"
_TO = "{to_ts:DateTime64(3, 'UTC')}"
_MASK = "streamproof: not finite: "

_FLOAT = re.compile(r"(?:SimpleAggregateFunction\(\w+, )?(?:LowCardinality\()?(?:Nullable\()?(?:Float\d+|BFloat16)\)*")
_FLOATS = re.compile(r"Array\((?:LowCardinality\()?(?:Nullable\()?(?:Float\d+|BFloat16)\)*")
_FLOATS_BY_KEY = re.compile(r"Map\(.*, (?:Nullable\()?(?:Float\d+|BFloat16)\)*")
_MIXED = {"Variant(": "variantType", "Dynamic": "dynamicType"}
# What the library can neither compare nor put into its result; their text is what a contract writes.
_READ_AS_TEXT = re.compile(r"(?:LowCardinality\()?(?:Nullable\()?(?:IPv4|IPv6|UUID|FixedString\(\d+\))\)*")


@dataclass(frozen=True, slots=True)
class Reading:
    """The rows of a table, and by column which of them hold NaN or an infinite value (only columns with such a row)."""

    frame: pd.DataFrame
    not_finite: Mapping[str, pd.Series[bool]]


def read_frame(
    client: Client, contract: Contract, parameters: Mapping[str, Any], *, views: HeldViews | None = None
) -> pd.DataFrame:
    """Return the rows of `read_table` alone."""
    return read_table(client, contract, parameters, views=views).frame


def read_table(
    client: Client, contract: Contract, parameters: Mapping[str, Any], *, views: HeldViews | None = None
) -> Reading:
    """Read the table's stored columns as they are declared, except those left out, then the computed ones.

    Only the window's rows are read when the contract has a time; `parameters` then hold `from_ts` and `to_ts`. Times
    are UTC without a zone; addresses, UUIDs and fixed strings are text. Materialized columns are not read.
    Raises WarehouseError.
    """
    table = contract.table
    stored = {str(row["name"]): str(row["type"]) for row in rows(client, _STORED_COLUMNS, {"name": table})}
    types = {name: kind for name, kind in stored.items() if name not in contract.leave_out}
    if not types:
        raise WarehouseError(f"There is no table {table}.", hint=f"Apply the schema, or mend {contract.file}.")
    columns = {name: f"`{name}`" for name in types} | {name: f"({sql})" for name, sql in contract.computed.items()}
    with refusals(f"Table {table} cannot be read", hint=f"It is the subject of {contract.file}."):
        types |= _computed_types(client, contract, views)
        masks = {name: mask for name, sql in columns.items() if (mask := _not_finite(sql, types[name]))}
        selected = [f"{sql} AS `{name}`" if sql != f"`{name}`" else sql for name, sql in columns.items()]
        selected += [f"{mask} AS `{_MASK}{name}`" for name, mask in masks.items()]
        statement = f"SELECT {', '.join(selected)} FROM `{table}`{_where(contract)}"  # noqa: S608 - see _STORED_COLUMNS
        window = {name: parameters[name] for name in ("from_ts", "to_ts")} if contract.time else {}
        found = client.query_df(_in_place(statement, views), parameters=bindable(window))
    return _reading(found, list(columns), list(masks), types)


def _in_place(statement: str, views: HeldViews | None) -> str:
    return views.in_place(statement) if views else statement


def _computed_types(client: Client, contract: Contract, views: HeldViews | None) -> dict[str, str]:
    """Return the types of the computed columns by name."""
    if not contract.computed:
        return {}
    columns = ", ".join(f"({sql}) AS `{name}`" for name, sql in contract.computed.items())
    statement = _in_place(f"SELECT {columns} FROM `{contract.table}`", views)  # noqa: S608 - the contract's own SQL
    described = client.query(f"DESCRIBE TABLE ({statement})").result_rows
    return {str(row[0]): str(row[1]) for row in described}


def _where(contract: Contract) -> str:
    """Return the condition that keeps the window's rows; of hourly ones, every hour that the window touches."""
    if not contract.time:
        return ""
    start = f"toStartOfHour({_FROM})" if contract.hourly else _FROM
    return f" WHERE `{contract.time}` >= {start} AND `{contract.time}` < {_TO}"


def _not_finite(sql: str, kind: str) -> str:
    """Return SQL that tells whether a value of this type is, or holds, NaN or an infinite number; '' when none can."""
    if _FLOAT.fullmatch(kind):
        return f"ifNull(NOT isFinite({sql}), 0)"
    if _FLOATS.fullmatch(kind):
        return f"arrayExists(element -> ifNull(NOT isFinite(element), 0), {sql})"
    if _FLOATS_BY_KEY.fullmatch(kind):
        return f"arrayExists(element -> ifNull(NOT isFinite(element), 0), mapValues({sql}))"
    for prefix, type_of in _MIXED.items():
        if kind.startswith(prefix):
            return (
                f"ifNull(startsWith(toString({type_of}({sql})), 'Float')"
                f" AND toString({sql}) IN ('nan', '-nan', 'inf', '-inf'), 0)"
            )
    return ""


def _reading(found: pd.DataFrame, columns: list[str], masked: list[str], types: Mapping[str, str]) -> Reading:
    import pandas as pd

    if found.empty:
        # The driver returns no columns with no rows.
        return Reading(pd.DataFrame(columns=columns), {})
    masks = {name: found[f"{_MASK}{name}"].astype(bool) for name in masked}
    frame = found[columns].copy()
    for name, kind in frame.dtypes.items():
        if isinstance(kind, pd.DatetimeTZDtype):
            frame[name] = frame[name].dt.tz_convert("UTC").dt.tz_localize(None)
        elif _READ_AS_TEXT.fullmatch(types[str(name)]):
            frame[name] = frame[name].map(_as_text)
    return Reading(frame, {name: mask for name, mask in masks.items() if mask.any()})


def _as_text(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace").rstrip("\0")
    return None if value is None else str(value)
