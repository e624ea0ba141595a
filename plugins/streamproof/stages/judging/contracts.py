"""Stage `contracts`: judge Great Expectations contracts, one check per expectation, one result file per contract."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from streamproof.checks.contracts.files import Contract
from streamproof.checks.contracts.validation import ContractResult, errored, validate
from streamproof.model.errors import StreamproofError
from streamproof.model.results import CheckResult, Status
from streamproof.model.verdict import EXPLAINED_BY
from streamproof.runs.context import RunContext, StageOutcome
from streamproof.runtime.files import write_json
from streamproof.stages.judging.accounting import ask_pack
from streamproof.warehouse.base import Warehouse


def pack_contracts(ctx: RunContext) -> tuple[Contract, ...]:
    """Return the pack's contracts. Raises UsageError for a broken file."""
    return ctx.files.contracts


def contract_parameters(ctx: RunContext) -> dict[str, Any]:
    """Return the values that `{$PARAMETER: name}` in a contract can name: the window and the input topics."""
    return {**ctx.window.query_parameters(), "input_topics": [ctx.input_topic]}


def run(ctx: RunContext) -> StageOutcome:
    """Judge every contract of the pack. The library's own results go to the run's contracts/ folder.

    When a contract cannot be judged, for example because its table is missing, only its own checks are errored.
    Raises UsageError for a broken contract file, WarehouseError when the warehouse cannot be reached.
    """
    contracts, parameters = pack_contracts(ctx), contract_parameters(ctx)
    layers = {table: layer for layer, tables in ctx.pack.layers.items() for table in tables}
    checks: list[CheckResult] = []
    tables = {}
    with ctx.warehouse(cached=True) as warehouse:
        for contract in contracts:
            # A table may have a second contract. Its result file also carries the name of the contract file.
            document = contract.table if contract.table not in tables else f"{contract.table}.{contract.file.stem}"
            result = _judged(ctx, warehouse, contract, parameters)
            _write_document(ctx, document, result)
            failed = sum(check.status is Status.FAILED for check in result.checks)
            ctx.log(f"{contract.table}: {result.rows} rows, {len(result.checks)} expectations, {failed} failed")
            tables[document] = {"rows": result.rows, "expectations": len(result.checks), "failed": failed}
            layer = contract.layer or layers.get(contract.table, "")
            checks.extend(replace(check, layer=layer) for check in result.checks)
        if all(check.status is Status.SKIPPED for check in checks):
            checks = _explained(warehouse, ctx, checks)
    return StageOutcome(details={"tables": tables}, checks=tuple(checks))


def _judged(ctx: RunContext, warehouse: Warehouse, contract: Contract, parameters: Mapping[str, Any]) -> ContractResult:
    """Judge a contract. An error is returned in the result and logged, never raised."""
    try:
        result = validate(warehouse, contract, parameters)
    except StreamproofError as problem:
        ctx.log(f"{contract.table} cannot be judged: {problem.message}")
        result = errored(contract, problem.message)
    except Exception as problem:  # noqa: BLE001 - one contract must not end the others; the traceback is in the log
        ctx.log(f"{contract.table} cannot be judged:\n{traceback.format_exc()}")
        result = errored(contract, f"{type(problem).__name__}: {problem}")
    return result


def _write_document(ctx: RunContext, name: str, result: ContractResult) -> None:
    """Write the library's own result. A value that JSON cannot represent is logged and does not affect the checks."""
    path = ctx.folder.contracts / f"{name}.json"
    try:
        write_json(path, result.document)
    except (TypeError, ValueError) as problem:
        ctx.log(f"{path.name} cannot be written: {problem}")


def _explained(warehouse: Warehouse, ctx: RunContext, checks: list[CheckResult]) -> list[CheckResult]:
    """Explain the skipped checks when, by the dispositions, no record was written to a table with a contract.

    Mode observe has no dispositions of its own, and a pack may have none. Empty tables then stay unexplained.
    """
    accounting = ctx.pack.accounting.dispositions
    if ctx.plan.observes or accounting is None:
        return checks
    written = {row["target_table"] for row in ask_pack(ctx, warehouse, "tables_written")}
    if written & {contract.table for contract in pack_contracts(ctx)}:
        return checks
    explained = f"{accounting.table}: no record became a row of a table with a contract"
    return [replace(check, diagnostics={**check.diagnostics, EXPLAINED_BY: explained}) for check in checks]
