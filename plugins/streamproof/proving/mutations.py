"""Prove checks on clones: apply a mutation, ask its check and those that must stay green, judge, restore the clone."""

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
from streamproof.model.proof import Mutant, Outcome, Proof, judge_mutant
from streamproof.model.results import CheckResult, Status
from streamproof.sql.blocks import Block
from streamproof.warehouse.base import Warehouse
from streamproof.warehouse.clones import Change, Clone

# The library that judges contracts keeps its project in a global: one contract at a time.
_ONE_CONTRACT = threading.Lock()

# Tells which of some objects a text of SQL reads, None when that cannot be told.
Reads = Callable[[str, Collection[str]], frozenset[str] | None]


@dataclass(frozen=True, slots=True)
class Subject:
    """Checks that are judged in one go.

    `text` is where the names of all that they read stand; `run` judges them on a database, whatever state it is in.
    `compares_all`: they compare every fact that they read with what it should be. So they fail with any mutation of
    one, and no mutation has to declare them. `layer` is theirs where it is known beforehand; `look` tells
    whether they fail without saying why, where that is quicker than to judge. `alone` judges the check of a name alone,
    where that is quicker than to judge all.
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
    """Return the mutations that stand below a block."""
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


def assertion_subject(suite: str, test: Block, parameters: Mapping[str, object]) -> Subject:
    """Return an assertion with its mutations as a subject."""
    return Subject(
        suite=suite,
        checks=(test.name,),
        mutants=block_mutants(suite, test),
        text=" ".join([test.sql, *_names_told(test, parameters)]),
        run=lambda warehouse: [run_check(warehouse, test, parameters, suite=suite)],
    )


def _names_told(test: Block, parameters: Mapping[str, object]) -> Iterator[str]:
    """Yield the texts in the parameters of a test: what it reads may be named there."""
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
            # These have no name but what they do.
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


def _meets(names: frozenset[str] | None, wanted: frozenset[str]) -> bool:
    """Tell whether any of the names is wanted; None stands for names that cannot be told."""
    return names is None or bool(names & wanted)


class Bench:
    """All checks of a pack, and which of them read an object, directly or through views."""

    def __init__(
        self,
        subjects: Iterable[Subject],
        definitions: Mapping[str, str],
        parameters: Mapping[str, object],
        *,
        reads: Reads,
        others: Iterable[str] = (),
    ) -> None:
        """Take the checks, and `reads`, which tells what a text of SQL reads.

        `definitions` are the queries of all views by name, '' for a table; `parameters` are those of mutations.

        `others` names checks of the pack that are not on this bench.
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
        return [subject for subject in self.subjects if wanted and _meets(self._reads[id(subject)], wanted)]

    def naming(self, name: str) -> list[Subject]:
        """Return the subjects in whose text an object stands, or which may read anything, in their order."""
        return [subject for subject in self.subjects if _meets(self._names[id(subject)], frozenset((name,)))]

    def _over(self, objects: frozenset[str]) -> frozenset[str]:
        """Return the objects that read any of these, themselves among them."""
        return frozenset(name for name, reads in self._reads_of.items() if _meets(reads, objects))

    def _objects_in(self, text: str) -> frozenset[str] | None:
        """Return the names of all that a text reads, None when they cannot be told."""
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
        """Return the checks that fail or break on an untouched clone: with any, nothing can be proved."""
        results = self._judged(clone, self.subjects)
        return [result for result in results if result.status in (Status.FAILED, Status.ERRORED)]

    def prove(self, clone: Clone, mutant: Mutant) -> Proof:
        """Apply a mutant to a sound clone, judge it, and restore the clone.

        Raises WarehouseError when the clone cannot be restored.
        """
        started = time.perf_counter()
        strangers = sorted(set(mutant.also_fails) - self.names)
        missing = sorted(mutant.parameters - self._parameters.keys())
        if strangers:
            proof = Proof(mutant, Outcome.REFUSED, f"ALSO FAILS names no check of the pack: {', '.join(strangers)}")
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
            clone.forget_views(self._over(change.changed))
            asked = self._to_ask(change.changed, mutant)
            results = self._judged(clone, asked, alone="" if mutant.also_fails else mutant.check)
            blinded = {name for subject in self.readers(change.gone) for name in subject.checks}
            may_fail = self._may_fail(mutant, change.changed)
            return judge_mutant(mutant, results, changed=change.changed, blinded=blinded, may_fail=may_fail)
        except WarehouseError as error:
            return Proof(mutant, Outcome.REFUSED, error.message)
        finally:
            clone.forget_views(self._over(change.changed) if change else clone.cached_views())
            clone.restore(change)

    def _judged(self, clone: Clone, subjects: Sequence[Subject], *, alone: str = "") -> list[CheckResult]:
        """Return what the subjects say about a clone as it is; views that several of them name are read once.

        `alone` names a check of whose subject nothing else is asked for.
        """
        clone.cache_views(subject.text for subject in subjects)
        return [
            result
            for subject in subjects
            for result in (
                subject.alone(clone, alone) if subject.alone and alone in subject.checks else subject.run(clone)
            )
        ]

    def _to_ask(self, changed: frozenset[str], mutant: Mutant) -> list[Subject]:
        """Return the subjects to ask after a mutation: its own, and those that must stay green.

        Where the mutation declares which others fail, the latter are all other readers of what it changes. Else they
        read nothing of it, and cannot fail unless a name was overlooked in their text or an earlier mutation was not
        taken back. One of them is asked after each mutation, in turn.
        """
        readers = self.readers(changed)
        own = [subject for subject in readers if mutant.check in subject.checks]
        if mutant.also_fails:
            return [*own, *(s for s in readers if mutant.check not in s.checks and not s.compares_all)]
        known = {id(subject) for subject in readers}
        others = [subject for subject in self.subjects if id(subject) not in known]
        return [*own, others[next(self._turn) % len(others)]] if others else own

    def _may_fail(self, mutant: Mutant, changed: frozenset[str]) -> set[str]:
        """Return the checks that may fail with a mutation: those it declares, else all that read what it changes."""
        readers = [s for s in self.readers(changed) if s.compares_all or not mutant.also_fails]
        return {name for subject in readers for name in subject.checks} | set(mutant.also_fails)

    def prove_all(self, clones: Sequence[Clone], mutants: Sequence[Mutant]) -> Iterator[Proof]:
        """Prove every mutant, one at a time on each clone, and yield the proofs in the order of the mutants.

        Raises WarehouseError when a clone is lost.
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
