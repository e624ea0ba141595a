"""Run assertions on the warehouse and validate their results: one row with an integer `failed_rows` and diagnostics.

A check with any other result is `errored`, because it has judged nothing. It never counts as passed.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from streamproof.model.errors import WarehouseError
from streamproof.model.formats.json_text import plain_float, plain_integer
from streamproof.model.results import CheckResult, Status
from streamproof.model.window import iso_ms
from streamproof.sql.blocks import Block
from streamproof.warehouse.base import Warehouse
from streamproof.warehouse.values import Answer

# Planning a query uses one core. Workers also wait for results and read them, so three keep two cores busy.
WORKERS = 3

FAILED_ROWS = "failed_rows"
SKIP_REASON = "skip_reason"
SESSIONS = "failing_workflow_session_ids"


class ContractError(Exception):
    """A check returned a result of the wrong form, or needs a parameter that the run does not have."""


def plain(value: Any) -> Any:
    """Return a column value as JSON data: times as ISO-8601 in UTC, values that JSON cannot represent as text."""
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain(entry) for entry in value]
    return _plain_scalar(value)


def _plain_scalar(value: Any) -> Any:
    match value:
        case None | bool() | str():
            found: Any = value
        case int():
            found = plain_integer(value)
        case float():
            found = plain_float(value)
        case datetime():
            found = iso_ms(value if value.tzinfo else value.replace(tzinfo=UTC))
        case date():
            found = value.isoformat()
        case Decimal():
            # Its text would be in scientific notation for a small value.
            found = format(value, "f")
        case bytes():
            found = value.decode("utf-8", "backslashreplace")
        case _:
            found = str(value)
    return found


def judge(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> tuple[int, dict[str, Any]]:
    """Return `failed_rows` and the diagnostics of a check's result. Raises ContractError saying what is wrong."""
    # This comes before the check of the columns, because a result without rows may have no columns.
    if not rows:
        raise ContractError("the result has 0 rows; a check returns exactly one")
    if FAILED_ROWS not in columns:
        raise ContractError(f"the result has no column failed_rows; it has {', '.join(columns) or 'none'}")
    if len(rows) != 1:
        raise ContractError(f"the result has {len(rows)} rows; a check returns exactly one")
    row = dict(zip(columns, rows[0], strict=True))
    failed = row.pop(FAILED_ROWS)
    if isinstance(failed, bool) or not isinstance(failed, int):
        shown = "null" if failed is None else f"{failed!r} ({type(failed).__name__})"
        raise ContractError(f"failed_rows is {shown}; it must be an integer")
    if failed < 0:
        raise ContractError(f"failed_rows is {failed}; it cannot be negative")
    if failed != plain_integer(failed):
        raise ContractError(f"failed_rows is {failed}; it is a number of rows, of 64 bits at most")
    return failed, {name: plain(value) for name, value in row.items()}


def run_checks(
    warehouse: Warehouse,
    tests: Sequence[Block],
    parameters: Mapping[str, object],
    *,
    suite: str,
    workers: int = WORKERS,
) -> tuple[CheckResult, ...]:
    """Run every test, also after one has failed, and return the results in the order of the tests.

    `parameters` may hold more than a test uses. Each test gets only those that it names.
    """
    with ThreadPoolExecutor(max_workers=max(1, workers), thread_name_prefix=f"checks-{suite}") as pool:
        return tuple(pool.map(lambda test: run_check(warehouse, test, parameters, suite=suite), tests))


def run_check(warehouse: Warehouse, test: Block, parameters: Mapping[str, object], *, suite: str) -> CheckResult:
    """Run one test and judge its result. An error is returned in the check result, never raised."""
    if needs := warehouse.needs_of(test.sql):
        return skipped(test, suite, needs)
    started = time.perf_counter()
    failed, error = 0, None
    diagnostics: dict[str, Any] = {}
    try:
        answer = ask(warehouse, test, parameters)
        failed, diagnostics = judge(answer.columns, answer.rows)
        status = _status(failed, diagnostics)
    except ContractError as problem:
        status, error = Status.ERRORED, f"{test.source}:{test.line}: {problem}."
    except WarehouseError as problem:
        status, error = Status.ERRORED, problem.message
    sessions = diagnostics.get(SESSIONS) or []
    return CheckResult(
        suite=suite,
        name=test.name,
        status=status,
        failed_rows=failed,
        diagnostics=diagnostics,
        error=error,
        duration_sec=time.perf_counter() - started,
        source_file=test.source,
        layer=test.layer,
        rung=test.rung,
        meaning=test.meaning,
        line=test.line,
        sessions=tuple(str(session) for session in sessions) if isinstance(sessions, list) else (str(sessions),),
    )


def skipped(test: Block, suite: str, needs: str) -> CheckResult:
    """Return the result of a test that is not run because `needs` is missing."""
    return CheckResult(
        suite=suite,
        name=test.name,
        status=Status.SKIPPED,
        diagnostics={SKIP_REASON: f"needs {needs}"},
        source_file=test.source,
        layer=test.layer,
        rung=test.rung,
        meaning=test.meaning,
        line=test.line,
    )


def ask(warehouse: Warehouse, block: Block, parameters: Mapping[str, object]) -> Answer:
    """Run an SQL block of a pack with the parameters that it names. Every block of a pack is run by this function.

    Raises ContractError when a parameter is missing, WarehouseError.
    """
    missing = sorted(block.parameter_names - parameters.keys())
    if missing:
        raise ContractError(f"it needs parameter {', '.join(missing)}, which this run does not have")
    used = {name: parameters[name] for name in sorted(block.parameter_names)}
    return warehouse.query(block.sql, used, types=block.parameters, source=f"{block.source}:{block.line}")


def _status(failed: int, diagnostics: Mapping[str, Any]) -> Status:
    if failed:
        return Status.FAILED
    return Status.SKIPPED if diagnostics.get(SKIP_REASON) else Status.PASSED
