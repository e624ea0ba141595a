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
    """Run every check of a suite. A check that fails or cannot be judged never hides another.

    The details hold the suite's diagnostics. Raises SqlSourceError when the suite cannot be read, and WarehouseError
    when there is no warehouse to ask.
    """
    checks = suite_checks(ctx, suite)
    return StageOutcome(details={"diagnostics": suite_diagnostics(ctx, suite)}, checks=checks)


def asked_of(ctx: RunContext) -> Iterator[tuple[str, Block]]:
    """Yield every SQL check that a run of its own asks, with the name of its suite. Raises SqlSourceError."""
    for suite in ctx.plan.sql_suites:
        for test in ctx.files.suite(suite):
            yield suite, test


def suite_checks(ctx: RunContext, suite: str) -> tuple[CheckResult, ...]:
    """Return the results of a suite, in the order of its files."""
    tests = ctx.files.suite(suite)
    parameters = ctx.check_parameters()
    lacking = {test.name: lack for test in tests if (lack := _lacks(ctx, test, parameters))}
    with ctx.warehouse(cached=True) as warehouse:
        runnable = [test for test in tests if test.name not in lacking]
        results = run_checks(warehouse, runnable, parameters, suite=suite)
    ran = {check.name: check for check in results}
    checks = tuple(ran.get(test.name) or skipped(test, suite, lacking[test.name]) for test in tests)
    for check in checks:
        ctx.log(f"{check.status.value} {check.name} failed_rows={check.failed_rows} {check.error or ''}".rstrip())
    return checks


def diagnostics_of(ctx: RunContext, suite: str) -> tuple[Block, ...]:
    """Return the diagnostics of a suite. Raises SqlSourceError."""
    return ctx.files.diagnostics(suite)


def suite_diagnostics(ctx: RunContext, suite: str) -> list[dict[str, Any]]:
    """Run a suite's diagnostics and return what they showed as JSON data. Raises SqlSourceError, WarehouseError."""
    blocks = diagnostics_of(ctx, suite)
    parameters = ctx.check_parameters()
    lacking = {block.name: lack for block in blocks if (lack := _lacks(ctx, block, parameters))}
    with ctx.warehouse(cached=True) as warehouse:
        runnable = [block for block in blocks if block.name not in lacking]
        ran = run_diagnostics(warehouse, runnable, parameters, suite=suite)
    found = {diagnostic.name: diagnostic for diagnostic in ran}
    for name, lack in lacking.items():
        found[name] = Diagnostic(name, "", skipped=f"needs {lack}")
    for diagnostic in found.values():
        ctx.log(f"diagnostic {diagnostic.name} {diagnostic.error or diagnostic.skipped or dict(diagnostic.values)}")
    return [found[block.name].as_json() for block in blocks]


def _lacks(ctx: RunContext, test: Block, parameters: Mapping[str, object]) -> str:
    """Return what a test needs and only a run of our own has, '' when it lacks nothing: an observation skips it."""
    if not ctx.plan.observes:
        return ""
    missing = sorted(test.parameter_names - parameters.keys())
    if missing:
        return f"{', '.join(missing)}, which only a replay gives"
    absent = ctx.stage_details("warehouse_check")["absent_run_only_tables"]
    read = sorted(names_in(test.sql, absent))
    return f"table {', '.join(read)}, which only a run of its own has" if read else ""
