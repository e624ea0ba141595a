"""The names of all checks of a pack. Reading them at planning time finds broken check files before a service starts."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from streamproof.checks.check_files import CheckFiles
from streamproof.checks.parity import SUITE as PARITY
from streamproof.checks.parity_map import FOLDER, MAP, ParityObject
from streamproof.model.errors import UsageError
from streamproof.model.plan import CONSERVATION, CONTRACTS, ORACLE
from streamproof.packs.pack import Pack

if TYPE_CHECKING:
    from streamproof.runs.request import RunRequest


def checks_by_suite(files: CheckFiles, pack: Pack, suites: Sequence[str]) -> dict[str, set[str]]:
    """Read every check file of the run and return the names of the checks by suite.

    Diagnostics and projections are read only to find broken files, for which it raises SqlSourceError or UsageError.
    """
    for suite in suites:
        files.diagnostics(suite)
    _ = files.projections
    conservation = (CONSERVATION,) if files.suite(CONSERVATION) else ()
    found = {suite: {test.name for test in files.suite(suite)} for suite in (*suites, *conservation)}
    if pack.oracle:
        if pack.entities:
            found[ORACLE] = set(files.oracle_sql.checks)
        found[PARITY] = {item.check for item in _compared(files, pack)}
    return {**found, CONTRACTS: {check.name for contract in files.contracts for check in contract.checks}}


def _compared(files: CheckFiles, pack: Pack) -> tuple[ParityObject, ...]:
    """Return what is compared with the oracle's rows. Raises UsageError for an oracle that would judge nothing."""
    if not (files.parity or pack.entities):
        raise UsageError(
            f"Pack '{pack.name}' has an oracle, and nothing that it could judge.",
            hint=f"Name tables in {pack.sql_dir / FOLDER / MAP}, or `entities` in {pack.file}: docs/write-a-pack.md.",
        )
    return files.parity


def blind_to_windows(files: CheckFiles, suites: Sequence[str]) -> Iterator[str]:
    """Yield a sentence about the suites of which no check reads the window, if there are any. Raises SqlSourceError.

    What a run made is all within its window. A warehouse that others fill holds more.
    """
    window = {"from_ts", "to_ts"}
    found = [suite for suite in suites if not any(window & set(test.parameter_names) for test in files.suite(suite))]
    if found:
        yield f"Whatever the window, these suites judge the whole database: {', '.join(found)}."


def refuse_unknown_checks(request: RunRequest, checks: Mapping[str, set[str]]) -> None:
    """Raise UsageError when the request asks to prove a suite or check that the pack does not have."""
    for suite in request.prove_suites:
        if suite not in checks:
            raise UsageError(f"There is no suite '{suite}' to prove.", hint=f"Choose of: {', '.join(checks)}.")
    names = {name for suite, found in checks.items() for name in found}
    for check in request.prove_checks:
        if check not in names:
            similar = ", ".join(difflib.get_close_matches(check, names, n=3))
            hint = f"Did you mean: {similar}?" if similar else "The report of a run lists every check."
            raise UsageError(f"There is no check '{check}' to prove.", hint=hint)
