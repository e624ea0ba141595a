"""The names of all checks of a pack: every file of checks is read before anything is started."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from streamproof.checks.contracts.files import load_contracts
from streamproof.checks.oracle_parts import read_oracle_sql
from streamproof.checks.parity import SUITE as PARITY
from streamproof.checks.parity_map import read_parity
from streamproof.model.errors import UsageError
from streamproof.model.plan import CONSERVATION, CONTRACTS, ORACLE
from streamproof.packs.pack import Pack
from streamproof.sql.blocks import read_diagnostics, read_suite

if TYPE_CHECKING:
    from streamproof.runs.planning import RunRequest


def checks_by_suite(home: Path, pack: Pack, suites: Sequence[str]) -> dict[str, set[str]]:
    """Read every check that the run will judge. Raises SqlSourceError or UsageError for a file that is broken."""
    assertions = pack.sql_dir / "assertions"
    for suite in suites:
        read_diagnostics(pack.sql_dir / "diagnostics" / suite)
    conservation = (CONSERVATION,) if pack.accounting.dispositions else ()
    found = {suite: {test.name for test in read_suite(assertions / suite)} for suite in (*suites, *conservation)}
    contracts = load_contracts(pack.contracts_dir)
    if pack.oracle:
        found[ORACLE] = set(read_oracle_sql(home, pack).checks)
        found[PARITY] = {item.check for item in read_parity(pack.sql_dir, home=home)}
    return {**found, CONTRACTS: {check.name for contract in contracts for check in contract.checks}}


def refuse_unknown_checks(request: RunRequest, checks: Mapping[str, set[str]]) -> None:
    """Raise UsageError for a suite or a check to prove that the pack does not have."""
    for suite in request.prove_suites:
        if suite not in checks:
            raise UsageError(f"There is no suite '{suite}' to prove.", hint=f"Choose of: {', '.join(checks)}.")
    names = {name for suite, found in checks.items() for name in found}
    for check in request.prove_checks:
        if check not in names:
            near = ", ".join(difflib.get_close_matches(check, names, n=3))
            hint = f"Did you mean: {near}?" if near else "The report of a run lists every check."
            raise UsageError(f"There is no check '{check}' to prove.", hint=hint)
