"""Judge a table's contract: read its rows from the warehouse, and return one check result per expectation."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from streamproof.checks.contracts.batches import BATCH_ROWS, TableJudge
from streamproof.checks.contracts.files import Contract, ContractCheck
from streamproof.checks.contracts.judging import exception_of
from streamproof.model.plan import CONTRACTS
from streamproof.model.results import CheckResult, Status
from streamproof.warehouse.base import Warehouse
from streamproof.warehouse.values import TableRead

__all__ = ["ContractResult", "errored", "table_read", "validate"]

# Expectations that can be judged on an empty table or column. All others are skipped there.
_ABOUT_EMPTINESS = frozenset(
    {
        "expect_table_row_count_to_be_between",
        "expect_table_row_count_to_equal",
        "expect_table_row_count_to_equal_other_table",
        "expect_column_unique_value_count_to_be_between",
        "expect_column_proportion_of_non_null_values_to_be_between",
    }
)


@dataclass(frozen=True, slots=True)
class ContractResult:
    """The result of one contract: a check per expectation, and the library's own result as JSON data."""

    table: str
    rows: int
    checks: tuple[CheckResult, ...]
    document: Mapping[str, Any]


def table_read(contract: Contract) -> TableRead:
    """Return which table and columns a contract reads."""
    return TableRead(
        table=contract.table,
        source=str(contract.file),
        leave_out=contract.leave_out,
        computed=contract.computed,
        time=contract.time or "",
        hourly=contract.hourly,
    )


def validate(
    warehouse: Warehouse, contract: Contract, parameters: Mapping[str, Any], *, batch_rows: int = BATCH_ROWS
) -> ContractResult:
    """Read the contract's table and judge every expectation on it, in batches when it has more than `batch_rows` rows.

    `parameters` are the values of `{$PARAMETER: name}` in the contract. Their `from_ts` and `to_ts` are the window, as
    text in UTC. When the window has no rows, only expectations about the number of rows or values are judged.
    Raises WarehouseError when the table cannot be read.
    """
    started = time.monotonic()
    window = {name: parameters[name] for name in ("from_ts", "to_ts")} if contract.time else {}

    def judgeable(rows: int) -> list[ContractCheck]:
        return [check for check in contract.checks if rows or check.type in _ABOUT_EMPTINESS]

    judge = TableJudge(warehouse, table_read(contract), window, contract, parameters, batch_rows=batch_rows)
    number, outcomes = judge.judge(judgeable)
    share = (time.monotonic() - started) / len(contract.checks)
    checks = tuple(
        _check_result(contract, check, outcomes[check.name], share)
        if check.name in outcomes
        else _result(contract, check, Status.SKIPPED, diagnostics={"needs": contract.needs})
        for check in contract.checks
    )
    document = {
        "rows": number,
        **({} if number else {"needs": contract.needs}),
        "success": all(outcome["success"] for outcome in outcomes.values()),
        "results": list(outcomes.values()),
    }
    return ContractResult(contract.table, number, checks, document)


def errored(contract: Contract, why: str) -> ContractResult:
    """Return the result of a contract that could not be judged at all."""
    checks = tuple(_result(contract, check, Status.ERRORED, error=why) for check in contract.checks)
    return ContractResult(contract.table, 0, checks, {"error": why, "success": False, "results": []})


def _result(contract: Contract, check: ContractCheck, status: Status, **found: Any) -> CheckResult:
    return CheckResult(
        suite=CONTRACTS,
        name=check.name,
        status=status,
        source_file=str(contract.file),
        meaning=" ".join(check.why.split()),
        **found,
    )


def _check_result(
    contract: Contract, check: ContractCheck, outcome: Mapping[str, Any], duration_sec: float
) -> CheckResult:
    found = outcome["result"]
    if (error := exception_of(outcome["exception_info"])) is not None and not found.get("not_finite"):
        return _result(contract, check, Status.ERRORED, error=error, duration_sec=duration_sec)
    if _judged_nothing(check, found):
        needs = {"needs": f"a value in {check.kwargs.get('column', 'the columns')}"}
        return _result(contract, check, Status.SKIPPED, diagnostics=needs, duration_sec=duration_sec)
    if outcome["success"]:
        return _result(contract, check, Status.PASSED, duration_sec=duration_sec)
    return _result(
        contract,
        check,
        Status.FAILED,
        failed_rows=int(found.get("unexpected_count") or 0),
        diagnostics={"why": check.why, "expected": outcome["expectation_config"]["kwargs"], **_evidence(found)},
        duration_sec=duration_sec,
        sessions=_sessions(contract, found.get("partial_unexpected_index_list") or []),
    )


def _judged_nothing(check: ContractCheck, found: Mapping[str, Any]) -> bool:
    """Return whether a check had no value to judge. Checks about emptiness always have something to judge."""
    if check.type in _ABOUT_EMPTINESS:
        return False
    return bool(found.get("element_count", -1) == found.get("missing_count", 0))


def _evidence(found: Mapping[str, Any]) -> dict[str, Any]:
    fields = ("observed_value", "details", "element_count", "unexpected_count", "not_finite", "partial_unexpected_list")
    evidence = {key: found[key] for key in fields if found.get(key) is not None}
    return {**evidence, "rows": found.get("partial_unexpected_index_list") or []}


def _sessions(contract: Contract, offending: list[Mapping[str, Any]]) -> tuple[str, ...]:
    parts = [[str(row.get(column) or "") for column in contract.session] for row in offending]
    return tuple(dict.fromkeys("|".join(values) for values in parts if values and all(values)))
