"""Stages `assert_<suite>`: run one suite of the pack against the run's database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from streamproof.checks.assertions import run_checks, skipped
from streamproof.checks.diagnostics import Diagnostic, run_diagnostics
from streamproof.model.results import CheckResult
from streamproof.runs.context import RunContext, StageOutcome
from streamproof.sql.blocks import Block
from streamproof.sql.lexing import names_in


def run(ctx: RunContext, suite: str) -> StageOutcome:
    """Run every check of a suite. All checks run, even when one fails or cannot be judged.

    The details hold the suite's diagnostics. Raises SqlSourceError when the suite cannot be read, and WarehouseError
    when the warehouse cannot be reached.
    """
    checks = suite_checks(ctx, suite)
    return StageOutcome(details={"diagnostics": suite_diagnostics(ctx, suite)}, checks=checks)


def asked_of(ctx: RunContext) -> Iterator[tuple[str, Block]]:
    """Yield (suite, check) for every SQL check of the run's plan. Raises SqlSourceError."""
    for suite in ctx.plan.sql_suites:
        for test in ctx.files.suite(suite):
            yield suite, test


def suite_checks(ctx: RunContext, suite: str) -> tuple[CheckResult, ...]:
    """Return the results of a suite, in the order of its files."""
    tests = ctx.files.suite(suite)
    parameters = ctx.check_parameters()
    unmet = {test.name: need for test in tests if (need := _unmet_need(ctx, test, parameters))}
    with ctx.warehouse(cached=True) as warehouse:
        runnable = [test for test in tests if test.name not in unmet]
        results = run_checks(warehouse, runnable, parameters, suite=suite)
    ran = {check.name: check for check in results}
    checks = tuple(ran.get(test.name) or skipped(test, suite, unmet[test.name]) for test in tests)
    for check in checks:
        ctx.log(f"{check.status.value} {check.name} failed_rows={check.failed_rows} {check.error or ''}".rstrip())
    return checks


def diagnostics_of(ctx: RunContext, suite: str) -> tuple[Block, ...]:
    """Return the diagnostics of a suite. Raises SqlSourceError."""
    return ctx.files.diagnostics(suite)


def suite_diagnostics(ctx: RunContext, suite: str) -> list[dict[str, Any]]:
    """Run a suite's diagnostics and return their results as JSON data. Raises SqlSourceError, WarehouseError."""
    blocks = diagnostics_of(ctx, suite)
    parameters = ctx.check_parameters()
    unmet = {block.name: need for block in blocks if (need := _unmet_need(ctx, block, parameters))}
    with ctx.warehouse(cached=True) as warehouse:
        runnable = [block for block in blocks if block.name not in unmet]
        ran = run_diagnostics(warehouse, runnable, parameters, suite=suite)
    found = {diagnostic.name: diagnostic for diagnostic in ran}
    for name, need in unmet.items():
        found[name] = Diagnostic(name, "", skipped=f"needs {need}")
    for diagnostic in found.values():
        ctx.log(f"diagnostic {diagnostic.name} {diagnostic.error or diagnostic.skipped or dict(diagnostic.values)}")
    return [found[block.name].as_json() for block in blocks]


def _unmet_need(ctx: RunContext, test: Block, parameters: Mapping[str, object]) -> str:
    """Return what a test needs that mode observe does not have, '' when the test can run.

    The result names a parameter that only a replay gives, or a table that only a replay fills.
    """
    if not ctx.plan.observes:
        return ""
    missing = sorted(test.parameter_names - parameters.keys())
    if missing:
        return f"{', '.join(missing)}, which only a replay gives"
    absent = ctx.stage_details("warehouse_check")["absent_run_only_tables"]
    read = sorted(names_in(test.sql, absent))
    return f"table {', '.join(read)}, which only a run of its own has" if read else ""
