"""Damage every column, row and event family of every object on clones of a database, and record which checks fail.

The warehouse module defines and applies the damages. For each damage, the checks that read the object run one after
another until one fails.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from streamproof.model.plan import CONTRACTS
from streamproof.model.proofs.coverage import DamageOutcome, DamageResult
from streamproof.model.results import Status
from streamproof.proving.mutations import Prover, Subject
from streamproof.warehouse.clones import Clone, Damage, Damaging, Target


class Coverage:
    """Damages objects and runs the checks of a prover that read them."""

    def __init__(self, prover: Prover, *, every: bool, say: Callable[[str], None] = lambda _: None) -> None:
        """Take the checks. Without `every`, only the first damage of each column that changes a value is applied.

        `say` receives one log line per object.
        """
        self._prover = prover
        self._every = every
        self._say = say

    def measure_all(self, clones: Sequence[Clone], targets: Iterable[Target]) -> Iterator[DamageResult]:
        """Yield the outcome of every damage of every object. Each clone works on one object at a time.

        Raises WarehouseError when a clone can no longer be used or a damage cannot be written.
        """
        free: queue.SimpleQueue[Clone] = queue.SimpleQueue()
        for clone in clones:
            free.put(clone)

        def measure(target: Target) -> list[DamageResult]:
            clone = free.get()
            try:
                return self.measure(clone, target)
            finally:
                free.put(clone)

        with ThreadPoolExecutor(max_workers=len(clones), thread_name_prefix="coverage") as pool:
            for found in pool.map(measure, targets):
                yield from found

    def measure(self, clone: Clone, target: Target) -> list[DamageResult]:
        """Return the outcome of every damage of one object. Raises WarehouseError."""
        damaging = clone.damaging(target)
        try:
            readers = self._readers(target)
            found = [
                self._apply_one(clone, target, damaging, damage, readers) if changed else _no_effect(target, damage)
                for damage, changed in damaging.damages(every=self._every)
            ]
        finally:
            damaging.restore()
        survived = sum(result.outcome is DamageOutcome.SURVIVED for result in found)
        self._say(f"{target.name}: {len(found)} damages, {survived} survived")
        return found

    def _readers(self, target: Target) -> list[Subject]:
        """Return the subjects that read an object, the most likely to fail and the quickest to run first.

        Subjects of the object's own layer come first. Within a layer, those with `look` come first and contracts last.
        """
        readers = self._prover.subjects_naming(target.name)
        return sorted(readers, key=lambda s: (s.layer != target.layer, s.look is None, s.suite == CONTRACTS))

    def _apply_one(
        self, clone: Clone, target: Target, damaging: Damaging, damage: Damage, readers: Sequence[Subject]
    ) -> DamageResult:
        """Apply a damage and run its readers until a check of the object's own or next layer fails."""
        damaging.apply(damage)
        elsewhere: list[str] = []
        for subject in readers:
            failed = _failing(subject, clone)
            in_target_layers = tuple(name for name, layer in failed if layer in target.layers)
            if in_target_layers:
                return DamageResult(
                    target.name, target.layer, damage.column, damage.name, DamageOutcome.COVERED, in_target_layers
                )
            elsewhere += [name for name, _ in failed]
        names = ", ".join(elsewhere)
        reason = f"seen only in other layers, by {names}" if elsewhere else "no check fails"
        return DamageResult(
            target.name, target.layer, damage.column, damage.name, DamageOutcome.SURVIVED, tuple(elsewhere), reason
        )


def _failing(subject: Subject, clone: Clone) -> list[tuple[str, str]]:
    """Return the name and layer of each check of a subject that fails on the clone in its current state."""
    if subject.look is not None:
        names = subject.checks if subject.look(clone) else ()
        return [(name, subject.layer) for name in names]
    results = subject.run(clone)
    return [(check.name, check.layer) for check in results if check.status is Status.FAILED]


def _no_effect(target: Target, damage: Damage) -> DamageResult:
    return DamageResult(target.name, target.layer, damage.column, damage.name, DamageOutcome.NO_EFFECT)
