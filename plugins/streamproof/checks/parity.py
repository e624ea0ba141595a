"""Judge whether every table and view of a warehouse holds exactly its expected rows, value by value.

There is one check per object. It reports the differing columns with row counts and examples, the missing rows and the
unexpected rows.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from streamproof.checks.assertions import WORKERS, plain
from streamproof.checks.parity_map import ParityObject
from streamproof.model.errors import WarehouseError
from streamproof.model.results import CheckResult, Status
from streamproof.warehouse.base import Warehouse
from streamproof.warehouse.values import Comparison, Shape

SUITE = "parity"


class Parity:
    """The comparison of objects with their expected rows, in a database or in a clone of it.

    `expected_database` holds the tables with the oracle's rows. `shapes` describe the objects of the run's own
    database, so that a column that is missing in a clone is noticed. `exempt` are the columns, as `object.column`,
    whose values cannot be predicted.
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
        """Return whether an object is a view."""
        return name in self._shapes and self._shapes[name].is_view

    def judge(self, warehouse: Warehouse, *, workers: int = WORKERS) -> list[CheckResult]:
        """Judge all objects, also after one has failed, and return the results in the order of the objects."""
        with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="parity") as pool:
            return list(pool.map(lambda item: self.judge_one(warehouse, item), self.objects))

    def judge_one(self, warehouse: Warehouse, item: ParityObject) -> CheckResult:
        """Judge one object. An error is returned in the result, never raised."""
        started = time.perf_counter()
        result = CheckResult(
            SUITE, item.check, Status.PASSED, source_file=item.source, layer=item.layer, meaning=item.comment
        )
        try:
            diagnostics = self._compared(warehouse, item)
            failed = sum(int(diagnostics[kind]) for kind in ("differing", "missing", "unexpected"))
            status = Status.FAILED if failed else Status.PASSED
            if status is Status.PASSED and not (diagnostics["rows_seen"] or diagnostics["rows_expected"]):
                status, diagnostics = Status.SKIPPED, {"skip_reason": "nothing to judge: no row is there or expected"}
            result = replace(result, status=status, failed_rows=failed, diagnostics=diagnostics)
        except WarehouseError as problem:
            result = replace(result, status=Status.ERRORED, error=problem.message)
        return replace(result, duration_sec=time.perf_counter() - started)

    def _compared(self, warehouse: Warehouse, item: ParityObject) -> dict[str, Any]:
        """Return counts of differing, missing and unexpected rows, with examples by column. Raises WarehouseError."""
        comparison = self._comparison(item)
        total = _ask(warehouse, comparison, detail=False)
        if not _difference_count(total):
            return {**_totals(total), "differing": 0, "missing": 0, "unexpected": 0}
        found = _ask(warehouse, comparison, detail=True)
        by_column = {
            name: {
                "rows": number,
                "examples": [dict(zip(("key", "expected", "seen"), row, strict=True)) for row in shown],
            }
            for name, number, shown in found.pop("by_column")
            if number
        }
        return {**found, **_totals(total), "columns": by_column}

    def differs(self, warehouse: Warehouse, item: ParityObject) -> bool:
        """Return whether an object differs from its expected rows; quicker than `judge_one`. Raises WarehouseError."""
        return _difference_count(_ask(warehouse, self._comparison(item), detail=False)) > 0

    def _comparison(self, item: ParityObject) -> Comparison:
        """Return the comparison of an object. Raises WarehouseError when the object does not exist."""
        if item.name not in self._shapes:
            raise WarehouseError(f"There is no table or view {item.name}.", hint=f"{item.source} names it.")
        return Comparison(
            name=item.name,
            shape=self._shapes[item.name],
            columns=self.columns(item.name),
            key=item.key,
            expected_sql=item.expected_sql,
            expected_database=self._expected_database,
            seen_sql=item.seen_sql,
            as_set=item.as_set,
            tolerance=item.tolerance,
        )


def _ask(warehouse: Warehouse, comparison: Comparison, *, detail: bool) -> dict[str, Any]:
    """Return the result row of a comparison as JSON data. Raises WarehouseError."""
    return {name: plain(value) for name, value in warehouse.compare(comparison, detail=detail).items()}


def _difference_count(found: Mapping[str, Any]) -> int:
    """Return the sum of a comparison's counts of differing, missing and unexpected rows."""
    kinds = ("rows_differing", "rows_not_finite", "missing", "unexpected", "differing")
    return sum(int(found.get(kind, 0)) for kind in kinds)


def _totals(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: found[name] for name in ("rows_seen", "rows_expected")}
