"""Run assertions against the warehouse, and hold each to its contract: one row, an integer `failed_rows`, diagnostics.

A check that breaks the contract is `errored`: it has judged nothing, and it is never taken for passed.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from streamproof.model.errors import WarehouseError
from streamproof.model.json_text import plain_float, plain_integer
from streamproof.model.results import CheckResult, Status
from streamproof.model.window import iso_ms
from streamproof.sql.blocks import Block
from streamproof.warehouse.clickhouse.binding import bindable
from streamproof.warehouse.clickhouse.client import refusals
from streamproof.warehouse.clickhouse.reading import needs_of, reading_settings
from streamproof.warehouse.clickhouse.view_cache import HeldViews

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

# Planning a query uses one core, and there are answers to wait for and to read: more than two keep two cores busy.
WORKERS = 3

FAILED_ROWS = "failed_rows"
SKIP_REASON = "skip_reason"
SESSIONS = "failing_workflow_session_ids"


class ContractError(Exception):
    """A check did not return what every check must return."""


def plain(value: Any) -> Any:
    """Return a value of a ClickHouse column as JSON data: times as ISO-8601 UTC, what JSON cannot hold as text."""
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
        case bytes():
            found = value.decode("utf-8", "backslashreplace")
        case _:
            found = str(value)
    return found


def judge(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> tuple[int, dict[str, Any]]:
    """Return `failed_rows` and the diagnostics of a check's answer. Raises ContractError saying what is wrong."""
    # Before the columns: an answer without a row may come without them, too.
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
    client: Client,
    tests: Sequence[Block],
    parameters: Mapping[str, object],
    *,
    suite: str,
    workers: int = WORKERS,
    views: HeldViews | None = None,
) -> tuple[CheckResult, ...]:
    """Run every test, whatever becomes of the others, and return the results in the order of the tests.

    `parameters` may hold more than a test uses; each gets only its own. `views` are read where a test names them.
    """
    with ThreadPoolExecutor(max_workers=max(1, workers), thread_name_prefix=f"checks-{suite}") as pool:
        return tuple(pool.map(lambda test: run_check(client, test, parameters, suite=suite, views=views), tests))


def run_check(
    client: Client,
    test: Block,
    parameters: Mapping[str, object],
    *,
    suite: str,
    views: HeldViews | None = None,
) -> CheckResult:
    """Run one test and judge its answer; what goes wrong is in the result, never raised."""
    if needs := needs_of(client, test.sql):
        return skipped(test, suite, needs)
    started = time.perf_counter()
    failed, error = 0, None
    diagnostics: dict[str, Any] = {}
    try:
        failed, diagnostics = judge(*_ask(client, _in_place(test, views), parameters))
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
        informational=test.informational is not None,
        layer=test.layer,
        sessions=tuple(str(session) for session in sessions) if isinstance(sessions, list) else (str(sessions),),
    )


def skipped(test: Block, suite: str, needs: str) -> CheckResult:
    """Return the result of a test that is not run, because what it needs is not there."""
    return CheckResult(
        suite=suite,
        name=test.name,
        status=Status.SKIPPED,
        diagnostics={SKIP_REASON: f"needs {needs}"},
        source_file=test.source,
        informational=test.informational is not None,
        layer=test.layer,
    )


def _in_place(test: Block, views: HeldViews | None) -> Block:
    return replace(test, sql=views.in_place(test.sql)) if views else test


def _ask(
    client: Client, test: Block, parameters: Mapping[str, object]
) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
    missing = sorted(test.parameter_names - parameters.keys())
    if missing:
        raise ContractError(f"it needs parameter {', '.join(missing)}, which this run does not have")
    used = {name: parameters[name] for name in sorted(test.parameter_names)}
    with refusals(f"{test.source}:{test.line}", hint="Run the block by hand with `streamproof assert --sql-file`."):
        result = client.query(test.sql, parameters=bindable(used, test.parameters), settings=reading_settings(client))
        return result.column_names, result.result_rows


def _status(failed: int, diagnostics: Mapping[str, Any]) -> Status:
    if failed:
        return Status.FAILED
    return Status.SKIPPED if diagnostics.get(SKIP_REASON) else Status.PASSED
