"""Stage `prove`: break the data on clones of the run's database, and show that each check then fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from streamproof.model.errors import StreamproofError
from streamproof.model.plan import CONSERVATION, PROVE
from streamproof.model.proofs.proof import Proof
from streamproof.model.results import CheckResult, Status
from streamproof.model.waiting import now_at
from streamproof.proving.mutations import Prover, Subject, assertion_subject, contract_subject
from streamproof.runs.context import RunContext, StageOutcome
from streamproof.runtime.files import write_json
from streamproof.stages.judging.accounting import applicable, places_with_ids
from streamproof.stages.judging.assertions import asked_of, diagnostics_of
from streamproof.stages.judging.contracts import contract_parameters, pack_contracts
from streamproof.stages.judging.coverage import cover, coverage_checks
from streamproof.stages.judging.oracle import oracle_subjects
from streamproof.stages.judging.parity import parity_subjects
from streamproof.warehouse.clones import Clone

ARTIFACT = "prove.json"
# Each worker has its own clone. Two workers keep both the warehouse and Great Expectations busy.
WORKERS = 2


def run(ctx: RunContext) -> StageOutcome:
    """Run the mutations and the column coverage that the plan asks for.

    The outcome has one check for each check or object of the pack. It fails when a mutation or damage goes unnoticed.
    The details are the content of `prove.json` without single mutations, and `coverage` with the content of
    `coverage.json`. Raises StreamproofError when a check of the run fails on the run's own database or on an unchanged
    clone; UsageError for a broken pack; WarehouseError.
    """
    _require_a_sound_run(ctx)
    subjects = pack_subjects(ctx)
    details: dict[str, Any] = {}
    checks: tuple[CheckResult, ...] = ()
    with _clones(ctx, WORKERS) as clones:
        prover = Prover(subjects, clones[0].definitions(), ctx.check_parameters(), reads=clones[0].objects_read)
        if unsound := prover.unsound(clones[0]):
            raise StreamproofError(
                f"These checks fail on an unchanged clone: {_named(unsound)}.",
                hint="A clone has every table and view of the schema, but no Kafka table; a check must not need one.",
            )
        if ctx.plan.mutations:
            details, checks = _prove(ctx, prover, clones)
        if ctx.plan.coverage:
            coverage = cover(ctx, prover, clones)
            details["coverage"] = coverage.as_json()
            checks += coverage_checks(coverage)
    return StageOutcome(details=details, checks=checks)


def _prove(ctx: RunContext, prover: Prover, clones: Sequence[Clone]) -> tuple[dict[str, Any], tuple[CheckResult, ...]]:
    """Apply the mutations of the wanted checks. Return `prove.json` without its mutations, and one result per check."""
    wanted = [s for s in prover.subjects if not ctx.plan.prove_suites or s.suite in ctx.plan.prove_suites]
    names = [name for subject in wanted for name in subject.checks if _is_wanted(ctx, name)]
    mutants = [mutant for subject in wanted for mutant in subject.mutants if mutant.check in names]
    proofs = []
    for proof in prover.prove_all(clones, mutants):
        ctx.log(f"{proof.outcome} {proof.mutant.check}: {proof.mutant.name} {proof.reason}".rstrip())
        proofs.append(proof)
        now_at(f"{len(proofs):,} of {len(mutants):,} mutations")
    checks = tuple(_result(subject, name, proofs) for subject in wanted for name in subject.checks if name in names)
    shown = [
        f"{suite}.{block.name}"
        for suite in ctx.plan.suites
        if not ctx.plan.prove_suites or suite in ctx.plan.prove_suites
        for block in diagnostics_of(ctx, suite)
    ]
    document = _document(checks, proofs, shown)
    write_json(ctx.folder.root / ARTIFACT, {**document, "mutations": [proof.as_json() for proof in proofs]})
    return document, checks


def pack_subjects(ctx: RunContext) -> list[Subject]:
    """Return the checks of the run with their mutations: SQL suites, conservation, contracts, oracle and parity."""
    parameters = ctx.check_parameters()
    places = places_with_ids(ctx)
    # Conservation accounts for every record, so it may fail with any mutation of the tables that it reads.
    found = [
        assertion_subject(suite, applicable(test, places), parameters, compares_all=suite == CONSERVATION)
        for suite, test in asked_of(ctx)
    ]
    found += [contract_subject(contract, contract_parameters(ctx)) for contract in pack_contracts(ctx)]
    return [*found, *oracle_subjects(ctx), *parity_subjects(ctx)] if ctx.plan.oracle else found


def _is_wanted(ctx: RunContext, check: str) -> bool:
    return not ctx.plan.prove_checks or check in ctx.plan.prove_checks


def _require_a_sound_run(ctx: RunContext) -> None:
    """Raise StreamproofError unless every judging stage has ended without an error and all its checks hold."""
    unsound: list[CheckResult] = []
    for stage in ctx.plan.judging_stages:
        if stage == PROVE:
            continue
        result = ctx.folder.read_stage(stage)
        if result is None or result.error is not None:
            detail = f": {result.error}" if result else ""
            raise StreamproofError(f"Stage {stage} has not judged this run{detail}.", hint="See the log of that stage.")
        unsound += [check for check in result.checks if check.status in (Status.FAILED, Status.ERRORED)]
    if unsound:
        raise StreamproofError(
            f"The run's own checks do not all hold: {_named(unsound)}.",
            hint="A check that fails on sound data proves nothing when it fails on broken data. Correct these first.",
        )


def _named(checks: Sequence[CheckResult]) -> str:
    return ", ".join(f"{check.suite}.{check.name}{f' ({check.error})' if check.error else ''}" for check in checks)


@contextmanager
def _clones(ctx: RunContext, number: int) -> Iterator[list[Clone]]:
    """Open clones of the run's database and drop them afterwards."""
    with ExitStack() as stack:
        warehouse = stack.enter_context(ctx.warehouse())
        clones = []
        for index in range(number):
            name = f"{ctx.names.database}_proof_{index + 1}"
            clone = warehouse.clone(name, ctx.sql_dir / "schema")
            stack.callback(clone.drop)
            clones.append(clone)
        yield clones


def _result(subject: Subject, name: str, proofs: Sequence[Proof]) -> CheckResult:
    """Return the result of one check from its proofs: passed when it noticed every one of its mutations."""
    own = [proof for proof in proofs if proof.mutant.check == name]
    unproved = {proof.mutant.name: f"{proof.outcome}: {proof.reason}" for proof in own if not proof.proved}
    return CheckResult(
        suite=PROVE,
        name=f"{subject.suite}.{name}",
        status=Status.FAILED if unproved or not own else Status.PASSED,
        failed_rows=len(unproved),
        diagnostics={"mutations": len(own), **unproved},
        duration_sec=sum(proof.duration_sec for proof in own),
        source_file=own[0].mutant.source if own else "",
    )


def _document(
    checks: Sequence[CheckResult], proofs: Sequence[Proof], informational: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the content of `prove.json` without single mutations: counts, and the checks that are not proved.

    `informational` are the names of the diagnostics, which need no proof.
    """
    return {
        "checks": len(checks),
        "proved": sum(check.status is Status.PASSED for check in checks),
        "informational": len(informational),
        "informational_checks": list(informational),
        "survivors": [_survivor(check) for check in checks if check.status is not Status.PASSED],
        "mutations_applied": len(proofs),
        "mutations_proved": sum(proof.proved for proof in proofs),
    }


def _survivor(check: CheckResult) -> dict[str, Any]:
    suite, _, name = check.name.partition(".")
    mutations = {key: detail for key, detail in check.diagnostics.items() if key != "mutations"}
    return {"suite": suite, "check": name, "source_file": check.source_file, "mutations": mutations}
