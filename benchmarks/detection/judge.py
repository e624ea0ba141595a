"""Judges mutants: each is run over all sets. One without effect is equivalent; checks judge the others."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from queue import SimpleQueue

from benchmarks.detection.core import Core, CoreError, Output
from benchmarks.detection.database import MutantDatabase, differing
from benchmarks.detection.mutants import PYTHON, SQL, Mutant
from benchmarks.detection.sets import EventSet
from benchmarks.detection.sql_mutants import SCHEMA, changed_view
from streamproof.model.errors import WarehouseError
from streamproof.proving.mutations import Prover
from streamproof.stages.judging.prove import pack_subjects

START_MS = 1_790_000_000_000
LEAST_TIMEOUT_SEC = 30.0
SHOWN = 160


class Outcome(StrEnum):
    """The outcome of a mutant. `crash`: it ended with an error, did not end, or the warehouse refused it."""

    DETECTED = "detected"
    CRASH = "crash"
    SURVIVED = "survived"
    EQUIVALENT = "equivalent"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A mutant's outcome. `by` names the check, the error, or for a survivor the objects whose rows differ."""

    mutant: Mutant
    outcome: Outcome
    by: str
    event_set: str
    duration_sec: float


class Judge:
    """One worker, with its own core process and its own database for each set."""

    def __init__(self, include: Path, scratch: Path, sets: Sequence[EventSet], number: int) -> None:
        """Create core and databases, and load the output of the unchanged code. Raises CoreError, WarehouseError.

        Raises RuntimeError when the same rows, loaded twice, give different content: no mutant could be equivalent.
        """
        folder = scratch / f"worker-{number}"
        folder.mkdir(parents=True)
        self._core = Core(include, folder, {one.name: one.batches for one in sets}, START_MS)
        started = time.monotonic()
        self._sound = self._core.run(None, timeout=600)
        self._timeout = max(LEAST_TIMEOUT_SEC, 10 * (time.monotonic() - started))
        self.databases: dict[str, MutantDatabase] = {}
        self._content: dict[str, dict[str, str]] = {}
        for one in sets:
            database = MutantDatabase(one, f"{one.ctx.names.database}_mutant_{number}", include / SCHEMA)
            self.databases[one.name] = database
            self._content[one.name] = self._loaded(database, self._sound[one.name])
            database.load({})
            if unsteady := differing(self._content[one.name], self._loaded(database, self._sound[one.name])):
                raise RuntimeError(f"loaded again, {', '.join(sorted(unsteady))} of {one.name} are not the same")

    @staticmethod
    def _loaded(database: MutantDatabase, output: Output) -> dict[str, str]:
        database.load(output.rows)
        return database.content()

    def judge(self, mutant: Mutant, provers: Mapping[str, Prover]) -> Verdict:
        """Return the outcome of a mutant; `provers` has the checks of each set."""
        started = time.monotonic()
        try:
            outcome, by, where = self._judged(mutant, provers)
        except (CoreError, WarehouseError) as error:
            outcome, by, where = Outcome.CRASH, str(getattr(error, "message", error))[:SHOWN], ""
        return Verdict(mutant, outcome, by, where, time.monotonic() - started)

    def _judged(self, mutant: Mutant, provers: Mapping[str, Prover]) -> tuple[Outcome, str, str]:
        outputs = self._core.run(mutant, timeout=self._timeout) if mutant.kind == PYTHON else self._sound
        seen: dict[str, frozenset[str]] = {}
        for name, database in self.databases.items():
            if mutant.kind == PYTHON and outputs[name].same_as(self._sound[name]):
                continue
            with database.view_changed(*changed_view(mutant)) if mutant.kind == SQL else nullcontext():
                changed = differing(self._content[name], self._loaded(database, outputs[name]))
                if not changed:
                    continue
                seen[name] = changed
                if check := database.first_failure(provers[name], changed):
                    return Outcome.DETECTED, check, name
        if seen:
            return Outcome.SURVIVED, ", ".join(sorted(frozenset().union(*seen.values()))), ", ".join(seen)
        rejects = any(outputs[name].rejects != self._sound[name].rejects for name in outputs)
        return Outcome.EQUIVALENT, "only what goes to the reject topics differs" if rejects else "", ""

    def close(self) -> None:
        """Drop the databases."""
        for database in self.databases.values():
            database.drop()


def provers_of(judge: Judge, sets: Sequence[EventSet]) -> dict[str, Prover]:
    """Return the checks of each set. Raises RuntimeError naming those that fail on the unchanged code."""
    provers = {}
    for one in sets:
        database = judge.databases[one.name]
        prover = Prover(
            pack_subjects(one.ctx),
            database.definitions,
            one.ctx.check_parameters(),
            reads=database.database.objects_read,
        )
        failed = [name for subject in prover.subjects for name in database.failures(subject)]
        if failed:
            raise RuntimeError(f"on {one.name} these do not hold without a mutant: {', '.join(failed)}")
        provers[one.name] = prover
    return provers


def judge_all(
    mutants: Iterable[Mutant], judges: Sequence[Judge], provers: Mapping[str, Prover], wanted: int
) -> Iterator[Verdict]:
    """Judge mutants in order until the wanted number is not equivalent; yield every verdict up to then."""
    free: SimpleQueue[Judge] = SimpleQueue()
    for one in judges:
        free.put(one)

    def work(mutant: Mutant) -> Verdict:
        one = free.get()
        try:
            return one.judge(mutant, provers)
        finally:
            free.put(one)

    remaining, waiting = iter(mutants), list[Future[Verdict]]()
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(len(judges)))
        while wanted > 0:
            while len(waiting) <= len(judges) and (mutant := next(remaining, None)):
                waiting.append(pool.submit(work, mutant))
            if not waiting:
                return
            verdict = waiting.pop(0).result()
            wanted -= verdict.outcome is not Outcome.EQUIVALENT
            yield verdict
