"""Prove checks on clones: apply a mutation, run its check and checks that must still pass, judge, restore the clone."""

from __future__ import annotations

import itertools
import queue
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from streamproof.checks.assertions import run_check
from streamproof.checks.contracts.files import Contract
from streamproof.checks.contracts.validation import validate
from streamproof.model.errors import WarehouseError
from streamproof.model.plan import CONTRACTS
from streamproof.model.proofs.proof import Mutant, Outcome, Proof, judge_mutant
from streamproof.model.results import CheckResult, Status
from streamproof.sql.blocks import Block
from streamproof.warehouse.base import Warehouse
from streamproof.warehouse.clones import Change, Clone

# Great Expectations keeps its project in a global variable, so only one contract is judged at a time.
_ONE_CONTRACT = threading.Lock()

# Returns which of the given objects an SQL text reads, None when that cannot be determined.
Reads = Callable[[str, Collection[str]], frozenset[str] | None]


@dataclass(frozen=True, slots=True)
class Subject:
    """Checks that are judged together.

    `text` contains the names of all objects that they read. `run` judges them on a database in any state. With
    `compares_all`, they compare every value that they read with an expected one. They may then fail with any mutation
    of these values, and mutations need not declare them. `layer` is their layer, '' when it is not known beforehand.
    `look` returns whether they fail, without details; it exists where that is quicker than `run`. `alone` judges only
    the named check; it exists where that is quicker than `run`.
    """

    suite: str
    checks: tuple[str, ...]
    mutants: tuple[Mutant, ...]
    text: str
    run: Callable[[Warehouse], Sequence[CheckResult]]
    compares_all: bool = False
    layer: str = ""
    look: Callable[[Warehouse], bool] | None = None
    alone: Callable[[Warehouse, str], Sequence[CheckResult]] | None = None


def block_mutants(suite: str, block: Block) -> tuple[Mutant, ...]:
    """Return the mutations that a block declares."""
    return tuple(
        Mutant(
            suite=suite,
            check=block.name,
            name=mutation.name,
            statements=(mutation.sql,),
            also_fails=mutation.also_fails,
            parameters=mutation.parameter_names,
            presence=block.presence is not None,
            source=block.source,
        )
        for mutation in block.mutations
    )


def assertion_subject(
    suite: str, test: Block, parameters: Mapping[str, object], *, compares_all: bool = False
) -> Subject:
    """Return an assertion with its mutations as a subject. `compares_all` is explained at `Subject`."""
    return Subject(
        suite=suite,
        checks=(test.name,),
        mutants=block_mutants(suite, test),
        text=" ".join([test.sql, *_parameter_texts(test, parameters)]),
        run=lambda warehouse: [run_check(warehouse, test, parameters, suite=suite)],
        compares_all=compares_all,
    )


def _parameter_texts(test: Block, parameters: Mapping[str, object]) -> Iterator[str]:
    """Yield the texts in list parameters of a test, which may contain names of objects that it reads."""
    for name in sorted(test.parameter_names & parameters.keys()):
        value = parameters[name]
        for entry in value.values() if isinstance(value, Mapping) else [value]:
            if isinstance(entry, list | tuple):
                yield from map(str, entry)


def contract_subject(contract: Contract, parameters: Mapping[str, object]) -> Subject:
    """Return a contract as a subject: its expectations are judged together, on one reading of the table."""
    mutants = tuple(
        Mutant(
            suite=CONTRACTS,
            check=check.name,
            # Mutations of contracts have no names, so their statements are used.
            name="; ".join(" ".join(statement.split()) for statement in mutation.statements),
            statements=mutation.statements,
            also_fails=mutation.also_fails,
            source=str(contract.file),
        )
        for check in contract.checks
        for mutation in check.mutations
    )

    def judge(warehouse: Warehouse, judged: Contract) -> Sequence[CheckResult]:
        try:
            with _ONE_CONTRACT:
                return validate(warehouse, judged, dict(parameters)).checks
        except WarehouseError as error:
            return [CheckResult(CONTRACTS, check.name, Status.ERRORED, error=error.message) for check in judged.checks]

    def alone(warehouse: Warehouse, name: str) -> Sequence[CheckResult]:
        only = tuple(check for check in contract.checks if check.name == name)
        return judge(warehouse, contract.model_copy(update={"checks": only}))

    checks = tuple(check.name for check in contract.checks)
    return Subject(
        CONTRACTS, checks, mutants, contract.table, run=lambda warehouse: judge(warehouse, contract), alone=alone
    )


def _may_include(names: frozenset[str] | None, wanted: frozenset[str]) -> bool:
    """Return whether any of the names is wanted. `names` is None when they are unknown; the answer is then yes."""
    return names is None or bool(names & wanted)


class Prover:
    """The checks of a pack, with the objects that each reads directly or through views."""

    def __init__(
        self,
        subjects: Iterable[Subject],
        definitions: Mapping[str, str],
        parameters: Mapping[str, object],
        *,
        reads: Reads,
        others: Iterable[str] = (),
    ) -> None:
        """Take the checks, and the function `reads`, which finds the objects that an SQL text reads.

        `definitions` are the queries of all views by name, '' for a table. `parameters` are the query parameters of
        mutations. `others` are the names of checks of the pack that are not among `subjects`.
        """
        self.subjects = tuple(subjects)
        self._reads_in = reads
        self.names = frozenset(others).union(*(subject.checks for subject in self.subjects))
        self._definitions = definitions
        self._parameters = parameters
        self._reads = {id(subject): self._objects_in(subject.text) for subject in self.subjects}
        self._names = {id(subject): self._reads_in(subject.text, self._definitions) for subject in self.subjects}
        self._turn = itertools.count()
        self._reads_of = {name: self._objects_in(name) for name in definitions}

    def readers(self, objects: Collection[str]) -> list[Subject]:
        """Return the subjects that read any of these objects, directly or through views, in their order."""
        wanted = frozenset(objects)
        return [subject for subject in self.subjects if wanted and _may_include(self._reads[id(subject)], wanted)]

    def subjects_naming(self, name: str) -> list[Subject]:
        """Return the subjects whose text names an object, and those for which this is unknown, in their order."""
        return [subject for subject in self.subjects if _may_include(self._names[id(subject)], frozenset((name,)))]

    def _with_readers(self, objects: frozenset[str]) -> frozenset[str]:
        """Return these objects, and all objects that read them."""
        return frozenset(name for name, reads in self._reads_of.items() if _may_include(reads, objects))

    def _objects_in(self, text: str) -> frozenset[str] | None:
        """Return the names of all objects that a text reads, directly or through views, None when they are unknown."""
        found: set[str] = set()
        texts = [text]
        while texts:
            named = self._reads_in(texts.pop(), self._definitions)
            if named is None:
                return None
            texts.extend(self._definitions[name] for name in named - found)
            found |= named
        return frozenset(found)

    def unsound(self, clone: Clone) -> list[CheckResult]:
        """Return the checks that fail or are errored on an unchanged clone. A proof requires that there are none."""
        results = self._judged(clone, self.subjects)
        return [result for result in results if result.status in (Status.FAILED, Status.ERRORED)]

    def prove(self, clone: Clone, mutant: Mutant) -> Proof:
        """Apply a mutation to an unchanged clone, judge it, and restore the clone.

        Raises WarehouseError when the clone cannot be restored.
        """
        started = time.perf_counter()
        unknown_checks = sorted(set(mutant.also_fails) - self.names)
        missing = sorted(mutant.parameters - self._parameters.keys())
        if unknown_checks:
            proof = Proof(
                mutant, Outcome.REFUSED, f"ALSO FAILS names no check of the pack: {', '.join(unknown_checks)}"
            )
        elif missing:
            proof = Proof(mutant, Outcome.REFUSED, f"there is no parameter {', '.join(missing)}")
        else:
            proof = self._proof(clone, mutant)
        return replace(proof, duration_sec=time.perf_counter() - started)

    def _proof(self, clone: Clone, mutant: Mutant) -> Proof:
        change: Change | None = None
        try:
            for statement in mutant.statements:
                clone.execute(statement, {name: self._parameters[name] for name in sorted(mutant.parameters)})
            change = clone.change()
            clone.forget_views(self._with_readers(change.changed))
            to_run = self._subjects_to_run(change.changed, mutant)
            results = self._judged(clone, to_run, alone="" if mutant.also_fails else mutant.check)
            may_error = {name for subject in self.readers(change.gone) for name in subject.checks}
            may_fail = self._may_fail(mutant, change.changed)
            return judge_mutant(mutant, results, changed=change.changed, may_error=may_error, may_fail=may_fail)
        except WarehouseError as error:
            return Proof(mutant, Outcome.REFUSED, error.message)
        finally:
            clone.forget_views(self._with_readers(change.changed) if change else clone.cached_views())
            clone.restore(change)

    def _judged(self, clone: Clone, subjects: Sequence[Subject], *, alone: str = "") -> list[CheckResult]:
        """Run the subjects on a clone in its current state. Views that several of them read are cached.

        When `alone` names a check, the other checks of its subject are not needed.
        """
        clone.cache_views(subject.text for subject in subjects)
        return [
            result
            for subject in subjects
            for result in (
                subject.alone(clone, alone) if subject.alone and alone in subject.checks else subject.run(clone)
            )
        ]

    def _subjects_to_run(self, changed: frozenset[str], mutant: Mutant) -> list[Subject]:
        """Return the subjects to run after a mutation: its own one, and others to find unexpected failures.

        When the mutation declares which other checks fail, all other readers of the changed objects run. Otherwise only
        one more subject runs, which reads none of them. It can fail only when a name was not found in its text or an
        earlier mutation was not undone. These subjects take turns, one per mutation.
        """
        readers = self.readers(changed)
        own = [subject for subject in readers if mutant.check in subject.checks]
        if mutant.also_fails:
            return [*own, *(s for s in readers if mutant.check not in s.checks and not s.compares_all)]
        known = {id(subject) for subject in readers}
        others = [subject for subject in self.subjects if id(subject) not in known]
        return [*own, others[next(self._turn) % len(others)]] if others else own

    def _may_fail(self, mutant: Mutant, changed: frozenset[str]) -> set[str]:
        """Return the checks that may fail with a mutation: those it declares and full comparisons, or all readers."""
        readers = [s for s in self.readers(changed) if s.compares_all or not mutant.also_fails]
        return {name for subject in readers for name in subject.checks} | set(mutant.also_fails)

    def prove_all(self, clones: Sequence[Clone], mutants: Sequence[Mutant]) -> Iterator[Proof]:
        """Prove every mutation and yield the proofs in the same order. Each clone works on one mutation at a time.

        Raises WarehouseError when a clone cannot be restored.
        """
        free: queue.SimpleQueue[Clone] = queue.SimpleQueue()
        for clone in clones:
            free.put(clone)

        def prove(mutant: Mutant) -> Proof:
            clone = free.get()
            try:
                return self.prove(clone, mutant)
            finally:
                free.put(clone)

        with ThreadPoolExecutor(max_workers=len(clones), thread_name_prefix="prove") as pool:
            yield from pool.map(prove, mutants)
