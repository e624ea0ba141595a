"""Great Expectations contracts on what has readers: one check per expectation, one result file per table."""

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
from streamproof.stages.accounting import ask_pack
from streamproof.warehouse.base import Warehouse


def pack_contracts(ctx: RunContext) -> tuple[Contract, ...]:
    """Return the pack's contracts. Raises UsageError for a broken file."""
    return ctx.files.contracts


def contract_parameters(ctx: RunContext) -> dict[str, Any]:
    """Return what `{$PARAMETER: name}` in a contract may name, and the window that it is held against."""
    return {**ctx.window.query_parameters(), "input_topics": [ctx.input_topic]}


def run(ctx: RunContext) -> StageOutcome:
    """Judge every contract of the pack; the library's own results go to the run's contracts/ folder.

    A contract that cannot be judged (its table is gone, say) leaves its own checks errored and no others.
    Raises UsageError for a broken contract file, WarehouseError when there is no warehouse to ask.
    """
    contracts, parameters = pack_contracts(ctx), contract_parameters(ctx)
    layers = {table: layer for layer, tables in ctx.pack.layers.items() for table in tables}
    checks: list[CheckResult] = []
    tables = {}
    with ctx.warehouse(cached=True) as warehouse:
        for contract in contracts:
            # A table may have a second file: its result is told by that file's name.
            document = contract.table if contract.table not in tables else f"{contract.table}.{contract.file.stem}"
            result = _judged(ctx, warehouse, contract, parameters)
            _keep(ctx, document, result)
            failed = sum(check.status is Status.FAILED for check in result.checks)
            ctx.log(f"{contract.table}: {result.rows} rows, {len(result.checks)} expectations, {failed} failed")
            tables[document] = {"rows": result.rows, "expectations": len(result.checks), "failed": failed}
            layer = contract.layer or layers.get(contract.table, "")
            checks.extend(replace(check, layer=layer) for check in result.checks)
        if all(check.status is Status.SKIPPED for check in checks):
            checks = _explained(warehouse, ctx, checks)
    return StageOutcome(details={"tables": tables}, checks=tuple(checks))


def _judged(ctx: RunContext, warehouse: Warehouse, contract: Contract, parameters: Mapping[str, Any]) -> ContractResult:
    """Judge a contract; what breaks it is in the result and the log, not raised."""
    try:
        result = validate(warehouse, contract, parameters)
    except StreamproofError as problem:
        ctx.log(f"{contract.table} cannot be judged: {problem.message}")
        result = errored(contract, problem.message)
    except Exception as problem:  # noqa: BLE001 - one contract must not end the others; the traceback is in the log
        ctx.log(f"{contract.table} cannot be judged:\n{traceback.format_exc()}")
        result = errored(contract, f"{type(problem).__name__}: {problem}")
    return result


def _keep(ctx: RunContext, name: str, result: ContractResult) -> None:
    """Keep the library's own result. Its checks stand, should a value of it have no form in JSON."""
    path = ctx.folder.contracts / f"{name}.json"
    try:
        write_json(path, result.document)
    except (TypeError, ValueError) as problem:
        ctx.log(f"{path.name} cannot be written: {problem}")


def _explained(warehouse: Warehouse, ctx: RunContext, checks: list[CheckResult]) -> list[CheckResult]:
    """Say of contracts that found no row at all where the accounting explains it: no record became a row of theirs.

    An observation has no accounting of its own, and a pack may have none: then nothing explains an empty warehouse.
    """
    accounting = ctx.pack.accounting.dispositions
    if ctx.plan.observes or accounting is None:
        return checks
    written = {row["target_table"] for row in ask_pack(ctx, warehouse, "tables_written")}
    if written & {contract.table for contract in pack_contracts(ctx)}:
        return checks
    explained = f"{accounting.table}: no record became a row of a table with a contract"
    return [replace(check, diagnostics={**check.diagnostics, EXPLAINED_BY: explained}) for check in checks]
