"""Stages `assert_<suite>`: run one suite of the pack against the run's database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from streamproof.checks.assertions import run_checks, skipped
from streamproof.checks.diagnostics import Diagnostic, run_diagnostics
from streamproof.model.errors import UsageError
from streamproof.model.results import CheckResult
from streamproof.model.verdict import ONLY_A_RUN_HAS, skipped_for_a_run
from streamproof.runs.context import RunContext, StageOutcome
from streamproof.sql.blocks import Block
from streamproof.sql.lexing import names_in


def run(ctx: RunContext, suite: str) -> StageOutcome:
    """Run every check of a suite. All checks run, even when one fails or cannot be judged.

    The details hold the suite's diagnostics. Raises SqlSourceError when the suite cannot be read, WarehouseError when
    the warehouse cannot be reached, and UsageError when mode observe was asked for a suite that needs a run.
    """
    checks = suite_checks(ctx, suite)
    _refuse_asked_in_vain(ctx, suite, checks)
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
    checks = tuple(ran.get(test.name) or _without_a_run(test, suite, unmet[test.name]) for test in tests)
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


def _without_a_run(test: Block, suite: str, need: str) -> CheckResult:
    """Return the result of a test that mode observe skips, because only a run of its own has what it needs."""
    check = skipped(test, suite, need)
    return replace(check, diagnostics={**check.diagnostics, ONLY_A_RUN_HAS: need})


def _refuse_asked_in_vain(ctx: RunContext, suite: str, checks: Sequence[CheckResult]) -> None:
    """Raise UsageError when the request names a suite of which mode observe can judge no check."""
    if suite not in ctx.plan.suites_by_name or not skipped_for_a_run(checks):
        return
    needs = dict.fromkeys(str(check.diagnostics[ONLY_A_RUN_HAS]) for check in checks)
    raise UsageError(
        f"No check of suite {suite} can be judged here. They need {'; '.join(needs)}.",
        hint="Leave the suite out of --suites, or judge it in a run: --mode full.",
    )


def _unmet_need(ctx: RunContext, test: Block, parameters: Mapping[str, object]) -> str:
    """Return what a test needs that mode observe does not have, '' when the test can run.

    The result names a parameter that only a replay gives, or a table that only a run fills. A table of the engine is in
    every database that got its schema from streamproof; without rows it says nothing about what was published.
    """
    if not ctx.plan.observes:
        return ""
    missing = sorted(test.parameter_names - parameters.keys())
    if missing:
        return f"{', '.join(missing)}, which only a replay gives"
    found = ctx.stage_details("warehouse_check")
    absent = sorted(names_in(test.sql, found["absent_run_only_tables"]))
    if absent:
        return f"table {', '.join(absent)}, which only a run of its own has"
    empty = sorted(names_in(test.sql, found["empty_run_only_tables"]))
    return f"rows of table {', '.join(empty)}, which only a run of its own fills" if empty else ""
