"""Judge whether every object of a warehouse holds exactly the rows that it should hold, value by value.

One check an object. It names the columns that differ, with their number of rows and examples, the rows that are
missing, and those that nobody expected.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from streamproof.checks.assertions import WORKERS, plain
from streamproof.checks.comparison import comparison, quoted
from streamproof.checks.expected_rows import PREFIX as EXPECTED
from streamproof.checks.parity_map import ParityObject
from streamproof.model.errors import WarehouseError
from streamproof.model.results import CheckResult, Status
from streamproof.warehouse.clickhouse.client import rows
from streamproof.warehouse.clickhouse.reading import reading_settings
from streamproof.warehouse.clickhouse.view_cache import HeldViews

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

SUITE = "parity"

_COLUMNS = """
SELECT columns.table AS object, columns.name AS name, columns.type AS type, tables.engine AS engine
FROM system.columns AS columns
INNER JOIN system.tables AS tables ON columns.database = tables.database AND columns.table = tables.name
WHERE columns.database = currentDatabase() AND columns.table IN {objects:Array(String)}
ORDER BY columns.table ASC, columns.position ASC
"""
_KEEPS_ONE = ("Replacing", "Aggregating", "Summing", "Collapsing")


@dataclass(frozen=True, slots=True)
class Shape:
    """What an object consists of: the types of its columns by name, in their order, and its engine."""

    columns: Mapping[str, str]
    engine: str

    @property
    def merges(self) -> bool:
        """Tell whether rows of one key become one some day: then a reader must not depend on whether they have."""
        return any(word in self.engine for word in _KEEPS_ONE)

    @property
    def is_view(self) -> bool:
        """Tell whether the object stores nothing itself."""
        return self.engine == "View"


def shapes_of(client: Client, objects: Sequence[str]) -> dict[str, Shape]:
    """Return the shape of each of these objects that is there. Raises WarehouseError."""
    found: dict[str, dict[str, str]] = {}
    engines: dict[str, str] = {}
    for row in rows(client, _COLUMNS, {"objects": list(objects)}):
        found.setdefault(row["object"], {})[row["name"]] = row["type"]
        engines[row["object"]] = row["engine"]
    return {name: Shape(columns, engines[name]) for name, columns in found.items()}


class Parity:
    """The comparison of objects with their expected rows, in a database or in a clone of it.

    `expected_database` holds the tables of the oracle's rows; `shapes` are those of the run's own objects, so that a
    column that is lost is seen as lost; `exempt` are the columns, as `object.column`, that nobody can foretell.
    """

    def __init__(
        self,
        objects: Sequence[ParityObject],
        shapes: Mapping[str, Shape],
        exempt: Mapping[str, str],
        expected_database: str,
    ) -> None:
        self.objects = tuple(objects)
        self._shapes = shapes
        self._exempt = exempt
        self._expected_database = expected_database

    def columns(self, name: str) -> dict[str, str]:
        """Return the types of an object's compared columns by name."""
        declared = self._shapes[name].columns
        return {column: kind for column, kind in declared.items() if f"{name}.{column}" not in self._exempt}

    def is_view(self, name: str) -> bool:
        """Tell whether an object is a view."""
        return name in self._shapes and self._shapes[name].is_view

    def judge(self, client: Client, views: HeldViews | None = None, *, workers: int = WORKERS) -> list[CheckResult]:
        """Judge all objects, whatever becomes of single ones, in their order."""
        with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="parity") as pool:
            return list(pool.map(lambda item: self.judge_one(client, item, views), self.objects))

    def judge_one(self, client: Client, item: ParityObject, views: HeldViews | None = None) -> CheckResult:
        """Judge one object; what goes wrong is in the result, never raised."""
        started = time.perf_counter()
        result = CheckResult(SUITE, item.check, Status.PASSED, source_file=item.source, layer=item.layer)
        try:
            diagnostics = self._compared(client, item, views)
            failed = sum(int(diagnostics[kind]) for kind in ("differing", "missing", "unexpected"))
            status = Status.FAILED if failed else Status.PASSED
            if status is Status.PASSED and not (diagnostics["rows_seen"] or diagnostics["rows_expected"]):
                status, diagnostics = Status.SKIPPED, {"skip_reason": "nothing to judge: no row is there or expected"}
            result = replace(result, status=status, failed_rows=failed, diagnostics=diagnostics)
        except WarehouseError as problem:
            result = replace(result, status=Status.ERRORED, error=problem.message)
        return replace(result, duration_sec=time.perf_counter() - started)

    def _compared(self, client: Client, item: ParityObject, views: HeldViews | None) -> dict[str, Any]:
        """Return the diagnostics of a comparison: counts, and where rows differ, which. Raises WarehouseError."""
        columns = self._read_columns(client, item)
        total = _ask(client, self._sql(item, columns, detail=False), views)
        if not _odd(total):
            return {**_totals(total), "differing": 0, "missing": 0, "unexpected": 0}
        found = _ask(client, self._sql(item, columns, detail=True), views)
        by_column = {
            name: {
                "rows": number,
                "examples": [dict(zip(("key", "expected", "seen"), row, strict=True)) for row in shown],
            }
            for name, number, shown in found.pop("by_column")
            if number
        }
        return {**found, **_totals(total), "columns": by_column}

    def differs(self, client: Client, item: ParityObject, views: HeldViews | None = None) -> bool:
        """Tell whether an object differs from what it should be, without saying where. Raises WarehouseError."""
        return _odd(_ask(client, self._sql(item, self._read_columns(client, item), detail=False), views)) > 0

    def _read_columns(self, client: Client, item: ParityObject) -> dict[str, str]:
        """Return the compared columns with their types as they are read: those of finished states, not of states.

        Raises WarehouseError when the object is not there.
        """
        if item.name not in self._shapes:
            raise WarehouseError(f"There is no table or view {item.name}.", hint=f"{item.source} names it.")
        columns = self.columns(item.name)
        if not item.seen_sql:
            return columns
        described = {row["name"]: row["type"] for row in rows(client, f"DESCRIBE TABLE ({item.seen_sql})")}
        return {name: described.get(name, kind) for name, kind in columns.items()}

    def _sql(self, item: ParityObject, columns: Mapping[str, str], *, detail: bool) -> str:
        final = " FINAL" if self._shapes[item.name].merges else ""
        if item.is_foretold:
            expected = f"{quoted(self._expected_database)}.{quoted(EXPECTED + item.name)}"
        else:
            expected = f"(\n{item.expected_sql}\n)"
        return comparison(
            columns,
            key=item.key,
            seen=f"(\n{item.seen_sql}\n)" if item.seen_sql else f"{item.name}{final}",
            expected=expected,
            as_set=item.as_set,
            tolerance=item.tolerance,
            detail=detail,
        )


def _ask(client: Client, sql: str, views: HeldViews | None) -> dict[str, Any]:
    """Return the one row of a comparison as plain data. Raises WarehouseError."""
    settings = {**reading_settings(client), "join_use_nulls": 1}
    return {
        name: plain(value)
        for name, value in rows(client, views.in_place(sql) if views else sql, settings=settings)[0].items()
    }


def _odd(found: Mapping[str, Any]) -> int:
    """Return how many rows of a comparison's counts are not as they should be."""
    kinds = ("rows_odd", "rows_not_finite", "missing", "unexpected", "differing")
    return sum(int(found.get(kind, 0)) for kind in kinds)


def _totals(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: found[name] for name in ("rows_seen", "rows_expected")}
