"""Stages `assert_<suite>`: run one suite of the pack against the run's database."""

from __future__ import annotations

from streamproof.model.results import CheckResult
from streamproof.services.checks import run_checks
from streamproof.sql.blocks import read_suite
from streamproof.stages.context import RunContext, StageOutcome


def run(ctx: RunContext, suite: str) -> StageOutcome:
    """Run every check of a suite. A check that fails or cannot be judged never hides another.

    Raises SqlSourceError when the suite cannot be read, and WarehouseError when there is no warehouse to ask.
    """
    return StageOutcome(checks=suite_checks(ctx, suite))


def suite_checks(ctx: RunContext, suite: str) -> tuple[CheckResult, ...]:
    """Return the results of a suite, in the order of its files."""
    tests = read_suite(ctx.sql_dir / "assertions" / suite, home=ctx.home)
    with ctx.clickhouse() as client:
        checks = run_checks(client, tests, ctx.check_parameters(), suite=suite)
    for check in checks:
        ctx.log(f"{check.status.value} {check.name} failed_rows={check.failed_rows} {check.error or ''}".rstrip())
    return checks
