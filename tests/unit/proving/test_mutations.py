"""Which checks are asked after a mutation, and what becomes of one that is none."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from streamproof.model.errors import WarehouseError
from streamproof.model.proofs.proof import Mutant, Outcome
from streamproof.model.results import CheckResult, Status
from streamproof.proving.mutations import Prover, Subject, assertion_subject
from streamproof.sql.blocks import parse_blocks
from streamproof.warehouse.clickhouse.objects import objects_read
from streamproof.warehouse.clickhouse.view_cache import shared_by
from streamproof.warehouse.clones import Change

DEFINITIONS = {"events": "", "facts": "", "v_facts": "SELECT * FROM db.facts", "v_top": "SELECT 1 FROM db.v_facts"}


def subject(name: str, text: str, status: Status = Status.PASSED) -> Subject:
    return Subject("s", (name,), (), text, lambda _warehouse: [CheckResult("s", name, status)])


@dataclass
class FakeClone:
    """A clone whose change is given; it remembers what ran and how often it was restored.

    Views are cached as they are asked for.
    """

    changed: Change
    restored: int = 0
    ran: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    cached: frozenset[str] = frozenset()

    def execute(self, sql: str, parameters: dict[str, object]) -> None:
        if sql == "refused":
            raise WarehouseError("no such column", hint="")
        self.ran.append((sql, parameters))

    def cache_views(self, texts: Iterable[str]) -> dict[str, str]:
        views = {name: query for name, query in DEFINITIONS.items() if query}
        self.cached |= shared_by(texts, views)
        return {}

    def cached_views(self) -> frozenset[str]:
        return self.cached

    def forget_views(self, names: Collection[str]) -> None:
        self.cached -= frozenset(names)

    def change(self) -> Change:
        return self.changed

    def restore(self, change: Change | None = None) -> None:
        self.restored += 1


def prover_of(subjects: list[Subject], parameters: dict[str, object] | None = None) -> Prover:
    return Prover(subjects, DEFINITIONS, parameters or {}, reads=objects_read)


@pytest.mark.parametrize(
    ("text", "changed", "is_asked"),
    [
        ("SELECT 1 FROM events", {"events"}, True),
        ("SELECT 1 FROM events", {"facts"}, False),
        ("SELECT 1 FROM `events` AS e", {"events"}, True),
        ("SELECT 1 FROM events_of_old", {"events"}, False),
        ("SELECT 1 FROM v_facts", {"facts"}, True),
        ("SELECT 1 FROM v_top", {"facts"}, True),
        ("SELECT 1 FROM v_top", {"v_facts"}, True),
        ("SELECT 1 FROM facts", {"v_facts"}, False),
        ("SELECT 1 FROM merge('^ev')", {"facts"}, False),
        ("SELECT 1 FROM merge('^ev')", {"events"}, True),
        ("SELECT 1 FROM merge('_top$')", {"facts"}, True),
        ("SELECT 1 FROM merge(concat('^', 'ev'))", {"facts"}, True),
        ("SELECT 1 FROM merge({tables:String})", {"facts"}, True),
        ("SELECT 1 FROM merge('other', '^ev')", {"facts"}, True),
        ("SELECT sumMerge(x) FROM events", {"facts"}, False),
        ("SELECT 1 FROM system.tables", {"facts"}, True),
        ("SELECT 1 FROM {table:Identifier}", {"facts"}, True),
        ("SELECT 1 FROM system.tables", set(), False),
    ],
)
def test_the_readers_of_an_object(text, changed, is_asked):
    prover = prover_of([subject("a", text)])
    assert bool(prover.readers(changed)) is is_asked


def asked_after(prover: Prover, asked: list[str], mutant: Mutant) -> tuple[Outcome, list[str]]:
    """Return what becomes of a mutant of `events`, and the checks that were asked."""
    asked.clear()
    proof = prover.prove(FakeClone(Change(frozenset({"events"}), frozenset())), mutant)
    return proof.outcome, list(asked)


def listening(asked: list[str], name: str, text: str, status: Status, **more: Any) -> Subject:
    """Return a subject that notes in `asked` that it was asked."""

    def run(_warehouse: Any) -> list[CheckResult]:
        asked.append(name)
        return [CheckResult("s", name, status)]

    return replace(subject(name, text), run=run, **more)


def test_by_default_every_reader_of_a_changed_object_may_fail():
    asked: list[str] = []
    prover = prover_of(
        [
            listening(asked, "own", "SELECT 1 FROM events", Status.FAILED),
            listening(asked, "reader", "SELECT 1 FROM events", Status.FAILED),
            listening(asked, "elsewhere", "SELECT 1 FROM v_facts", Status.PASSED),
            listening(asked, "far away", "SELECT 1 FROM facts", Status.PASSED),
        ]
    )
    mutant = Mutant("s", "own", "break it", ("DELETE FROM events",))
    assert asked_after(prover, asked, mutant) == (Outcome.PROVED, ["own", "elsewhere"])
    # Those that read nothing of it are asked in turn, one after each mutation.
    assert asked_after(prover, asked, mutant) == (Outcome.PROVED, ["own", "far away"])
    assert asked_after(prover, asked, mutant) == (Outcome.PROVED, ["own", "elsewhere"])


def test_checks_that_read_nothing_a_mutation_changes_stay_green():
    own = subject("own", "SELECT 1 FROM events", Status.FAILED)
    elsewhere = subject("elsewhere", "SELECT 1 FROM facts", Status.FAILED)
    clone = FakeClone(Change(frozenset({"events"}), frozenset()))
    proof = prover_of([own, elsewhere]).prove(clone, Mutant("s", "own", "m", ("DELETE FROM events",)))
    assert (proof.outcome, proof.unrelated) == (Outcome.UNRELATED, ("elsewhere",))


def test_with_declared_other_failures_all_other_readers_stay_green():
    asked: list[str] = []
    own = listening(asked, "own", "SELECT 1 FROM events", Status.FAILED)
    declared = listening(asked, "declared", "SELECT 1 FROM events", Status.FAILED)
    reader = listening(asked, "reader", "SELECT 1 FROM events", Status.PASSED)
    every = listening(asked, "every", "SELECT 1 FROM events", Status.FAILED, compares_all=True)
    mutant = Mutant("s", "own", "break it", ("DELETE FROM events",), also_fails=("declared",))
    prover = prover_of([own, declared, reader, every])
    # What compares every value fails with any mutation of it: it is not asked.
    assert asked_after(prover, asked, mutant) == (Outcome.PROVED, ["own", "declared", "reader"])
    strict = prover_of([own, declared, subject("reader", "SELECT 1 FROM events", Status.FAILED)])
    assert asked_after(strict, asked, mutant)[0] is Outcome.UNRELATED


@pytest.mark.parametrize(("also_fails", "judged"), [((), ["own alone"]), (("sibling",), ["all"])])
def test_a_check_that_can_be_judged_alone_is_where_its_siblings_may_fail(also_fails, judged):
    asked: list[str] = []
    results = [CheckResult("s", "own", Status.FAILED), CheckResult("s", "sibling", Status.FAILED)]

    def run(_warehouse: Any) -> list[CheckResult]:
        asked.append("all")
        return results

    def alone(_warehouse: Any, name: str) -> list[CheckResult]:
        asked.append(f"{name} alone")
        return [result for result in results if result.name == name]

    both = Subject("s", ("own", "sibling"), (), "SELECT 1 FROM events", run, alone=alone)
    mutant = Mutant("s", "own", "m", ("DELETE FROM events",), also_fails=also_fails)
    assert asked_after(prover_of([both]), asked, mutant) == (Outcome.PROVED, judged)


def test_the_statements_get_their_parameters_and_the_clone_is_restored():
    own = subject("own", "SELECT 1 FROM events", Status.FAILED)
    clone = FakeClone(Change(frozenset({"events"}), frozenset()))
    mutant = Mutant("s", "own", "m", ("one", "two {x:Int8}"), parameters=frozenset({"x"}))
    proof = prover_of([own], {"x": 1, "y": 2}).prove(clone, mutant)
    assert proof.proved
    assert clone.ran == [("one", {"x": 1}), ("two {x:Int8}", {"x": 1})]
    assert clone.restored == 1


def test_a_check_that_reads_what_is_gone_cannot_judge_and_need_not():
    own = subject("own", "SELECT 1 FROM system.tables", Status.FAILED)
    blinded = subject("blinded", "SELECT 1 FROM v_top", Status.ERRORED)
    declared = subject("declared", "SELECT 1 FROM v_top", Status.FAILED)
    broken = subject("broken", "SELECT 1 FROM events, system.one", Status.ERRORED)
    gone = Change(frozenset({"v_facts"}), frozenset({"v_facts"}))
    mutant = Mutant("s", "own", "m", ("DROP VIEW v_facts",), also_fails=("declared",))
    assert prover_of([own, declared, blinded]).prove(FakeClone(gone), mutant).proved
    changed = Change(frozenset({"v_facts"}), frozenset())
    assert prover_of([own, declared, blinded]).prove(FakeClone(changed), mutant).unrelated == ("blinded",)
    # What reads anything also reads what is gone.
    assert prover_of([own, declared, broken]).prove(FakeClone(gone), mutant).proved


@pytest.mark.parametrize(
    ("mutant", "reason"),
    [
        (Mutant("s", "own", "m", ("refused",)), "no such column"),
        (Mutant("s", "own", "m", ("SELECT 1",), also_fails=("stranger",)), "names no check of the pack: stranger"),
        (Mutant("s", "own", "m", ("SELECT 1",), parameters=frozenset({"z"})), "no parameter z"),
    ],
)
def test_what_is_no_mutation_proves_nothing(mutant, reason):
    clone = FakeClone(Change(frozenset({"events"}), frozenset()))
    proof = prover_of([subject("own", "events", Status.FAILED)]).prove(clone, mutant)
    assert proof.outcome is Outcome.REFUSED
    assert reason in proof.reason


def test_a_clone_that_cannot_be_restored_ends_the_proof():
    class Lost(FakeClone):
        def restore(self, change: Change | None = None) -> None:
            raise WarehouseError("the server is gone", hint="")

    clone = Lost(Change(frozenset(), frozenset()))
    with pytest.raises(WarehouseError, match="server is gone"):
        list(prover_of([subject("own", "events")]).prove_all([clone], [Mutant("s", "own", "m", ("x",))]))


def test_proofs_come_in_the_order_of_the_mutants():
    clones = [FakeClone(Change(frozenset({"events"}), frozenset())) for _ in range(2)]
    mutants = [Mutant("s", "own", str(number), ("x",)) for number in range(20)]
    prover = prover_of([subject("own", "events", Status.FAILED)])
    assert [proof.mutant.name for proof in prover.prove_all(clones, mutants)] == [str(number) for number in range(20)]
    assert sum(clone.restored for clone in clones) == 20


TEST = """-- LAYER: typed
{header}
-- TEST: own
SELECT 0 AS failed_rows FROM events;
-- MUTATION: break it
-- ALSO FAILS: a, b
DELETE FROM events WHERE t > {{from_ts:DateTime}};
"""


@pytest.mark.parametrize(
    ("header", "presence"), [("-- about it", False), ("-- PRESENCE: the table is the product", True)]
)
def test_an_assertion_as_a_subject(header, presence):
    (test,) = parse_blocks(TEST.format(header=header), "f.sql")
    found = assertion_subject("suite", test, {})
    assert found.checks == ("own",)
    (mutant,) = found.mutants
    assert (mutant.presence, mutant.also_fails, mutant.parameters) == (presence, ("a", "b"), {"from_ts"})
    assert (mutant.suite, mutant.check, mutant.name, mutant.source) == ("suite", "own", "break it", "f.sql")
