"""Which checks are asked after a mutation, and what becomes of one that is none."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest

from streamproof.model.errors import WarehouseError
from streamproof.model.proof import Mutant, Outcome
from streamproof.model.results import CheckResult, Status
from streamproof.proving import mutations as proving
from streamproof.proving.mutations import Bench, Subject, assertion_subject
from streamproof.sql.blocks import parse_blocks
from streamproof.warehouse.clickhouse.clone import Damage

DEFINITIONS = {"events": "", "facts": "", "v_facts": "SELECT * FROM db.facts", "v_top": "SELECT 1 FROM db.v_facts"}


def subject(name: str, text: str, status: Status = Status.PASSED, why: str = "") -> Subject:
    return Subject("s", {name: why}, (), text, lambda _client, _views: [CheckResult("s", name, status)])


@dataclass
class FakeViews:
    """Views that are held as they are asked for; `now` is what the changed ones hold."""

    now: dict[str, str] = field(default_factory=dict)
    names: frozenset[str] = frozenset()

    def take(self, names: frozenset[str]) -> None:
        self.names |= names

    def forget(self, names: frozenset[str]) -> None:
        self.names -= names

    def fingerprint(self, name: str) -> str:
        return self.now.get(name, "as it was")


@dataclass
class FakeClone:
    """A clone whose damage is given; it remembers how often it was mended."""

    damaged: Damage
    mended: int = 0
    client: Any = field(default_factory=SimpleNamespace)
    views: FakeViews = field(default_factory=FakeViews)

    def view_queries(self) -> dict[str, str]:
        return {name: query for name, query in DEFINITIONS.items() if query}

    def damage(self) -> Damage:
        return self.damaged

    def restore(self, damage: Damage | None = None) -> None:
        self.mended += 1


@pytest.fixture
def statements(monkeypatch) -> list[tuple[str, dict[str, object]]]:
    """The statements that were executed."""
    ran: list[tuple[str, dict[str, object]]] = []

    def execute(_client: Any, sql: str, parameters: dict[str, object]) -> None:
        if sql == "refused":
            raise WarehouseError("no such column", hint="")
        ran.append((sql, parameters))

    monkeypatch.setattr(proving, "execute", execute)
    return ran


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
        ("SELECT sumMerge(x) FROM events", {"facts"}, False),
        ("SELECT 1 FROM system.tables", {"facts"}, True),
        ("SELECT 1 FROM {table:Identifier}", {"facts"}, True),
        ("SELECT 1 FROM system.tables", set(), False),
    ],
)
def test_who_reads_an_object(text, changed, is_asked):
    bench = Bench([subject("a", text)], DEFINITIONS, {})
    assert bool(bench.readers(changed)) is is_asked


def test_a_subject_that_compares_everything_may_fail_with_any_mutation_of_what_it_reads(statements):
    own = subject("own", "SELECT 1 FROM events", Status.FAILED)
    every = replace(subject("every", "SELECT 1 FROM events", Status.FAILED), compares_all=True)
    clone = FakeClone(Damage(frozenset({"events"}), frozenset()))
    mutant = Mutant("s", "own", "break it", ("DELETE FROM events",))
    assert Bench([own, every], DEFINITIONS, {}).prove(clone, mutant).outcome is Outcome.PROVED
    strict = Bench([own, replace(every, compares_all=False)], DEFINITIONS, {}).prove(clone, mutant)
    assert (strict.outcome, strict.unrelated) == (Outcome.UNRELATED, ("every",))


@pytest.mark.parametrize(
    ("now", "damaged", "verdict"),
    [
        ({}, {"facts"}, Outcome.PROVED),
        ({"v_facts": "another"}, {"facts"}, Outcome.UNRELATED),
        ({}, {"facts", "v_facts"}, Outcome.UNRELATED),
    ],
)
def test_readers_of_views_that_hold_what_they_held_are_not_asked(statements, now, damaged, verdict):
    # Two readers: a view with one is not held, so what it holds is not known.
    statuses = {"own": Status.FAILED, "first": Status.PASSED, "second": Status.PASSED}
    subjects = [
        replace(
            subject(name, f"SELECT 1 FROM {'facts' if name == 'own' else 'v_facts'}"),
            run=lambda _client, _views, name=name: [CheckResult("s", name, statuses[name])],
        )
        for name in statuses
    ]
    clone = FakeClone(Damage(frozenset(), frozenset()))
    bench = Bench(subjects, DEFINITIONS, {})
    bench.unsound(clone)
    statuses["second"] = Status.FAILED
    clone.views.now = now
    clone.damaged = Damage(frozenset(damaged), frozenset())
    assert bench.prove(clone, Mutant("s", "own", "m", ("DELETE FROM facts",))).outcome is verdict


def test_only_readers_are_asked_and_the_clone_is_mended(statements):
    own = subject("own", "SELECT 1 FROM events", Status.FAILED)
    elsewhere = subject("elsewhere", "SELECT 1 FROM facts", Status.FAILED)
    clone = FakeClone(Damage(frozenset({"events"}), frozenset()))
    mutant = Mutant("s", "own", "m", ("one", "two {x:Int8}"), parameters=frozenset({"x"}))
    proof = Bench([own, elsewhere], DEFINITIONS, {"x": 1, "y": 2}).prove(clone, mutant)
    assert proof.proved
    assert statements == [("one", {"x": 1}), ("two {x:Int8}", {"x": 1})]
    assert clone.mended == 1


def test_a_check_that_reads_what_is_gone_cannot_judge_and_need_not(statements):
    own = subject("own", "SELECT 1 FROM system.tables", Status.FAILED)
    blinded = subject("blinded", "SELECT 1 FROM v_top", Status.ERRORED)
    broken = subject("broken", "SELECT 1 FROM events, system.one", Status.ERRORED)
    gone = Damage(frozenset({"v_facts"}), frozenset({"v_facts"}))
    mutant = Mutant("s", "own", "m", ("DROP VIEW v_facts",))
    assert Bench([own, blinded], DEFINITIONS, {}).prove(FakeClone(gone), mutant).proved
    changed = Damage(frozenset({"v_facts"}), frozenset())
    assert Bench([own, blinded], DEFINITIONS, {}).prove(FakeClone(changed), mutant).unrelated == ("blinded",)
    # What reads anything also reads what is gone.
    assert Bench([own, broken], DEFINITIONS, {}).prove(FakeClone(gone), mutant).proved


@pytest.mark.parametrize(
    ("mutant", "reason"),
    [
        (Mutant("s", "own", "m", ("refused",)), "no such column"),
        (Mutant("s", "own", "m", ("SELECT 1",), also_fails=("stranger",)), "names no check of the pack: stranger"),
        (Mutant("s", "own", "m", ("SELECT 1",), parameters=frozenset({"z"})), "no parameter z"),
    ],
)
def test_what_is_no_mutation_proves_nothing(statements, mutant, reason):
    clone = FakeClone(Damage(frozenset({"events"}), frozenset()))
    proof = Bench([subject("own", "events", Status.FAILED)], DEFINITIONS, {}).prove(clone, mutant)
    assert proof.outcome is Outcome.REFUSED
    assert reason in proof.reason


def test_a_clone_that_is_lost_ends_the_proof(statements):
    class Lost(FakeClone):
        def restore(self, damage: Damage | None = None) -> None:
            raise WarehouseError("the server is gone", hint="")

    clone = Lost(Damage(frozenset(), frozenset()))
    with pytest.raises(WarehouseError, match="server is gone"):
        list(Bench([subject("own", "events")], DEFINITIONS, {}).prove_all([clone], [Mutant("s", "own", "m", ("x",))]))


def test_proofs_come_in_the_order_of_the_mutants(statements):
    clones = [FakeClone(Damage(frozenset({"events"}), frozenset())) for _ in range(2)]
    mutants = [Mutant("s", "own", str(number), ("x",)) for number in range(20)]
    bench = Bench([subject("own", "events", Status.FAILED)], DEFINITIONS, {})
    assert [proof.mutant.name for proof in bench.prove_all(clones, mutants)] == [str(number) for number in range(20)]
    assert sum(clone.mended for clone in clones) == 20


TEST = """-- LAYER: typed
{header}
-- TEST: own
SELECT 0 AS failed_rows FROM events;
-- MUTATION: break it
-- ALSO FAILS: a, b
DELETE FROM events WHERE t > {{from_ts:DateTime}};
"""


@pytest.mark.parametrize(
    ("header", "presence", "mutants", "why"),
    [
        ("-- about it", False, 1, ""),
        ("-- PRESENCE: the table is the product", True, 1, ""),
        ("-- INFORMATIONAL: counts only", False, 0, "counts only"),
    ],
)
def test_an_assertion_as_a_subject(header, presence, mutants, why):
    (test,) = parse_blocks(TEST.format(header=header), "f.sql")
    found = assertion_subject("suite", test, {})
    assert found.checks == {"own": why}
    assert len(found.mutants) == mutants
    for mutant in found.mutants:
        assert (mutant.presence, mutant.also_fails, mutant.parameters) == (presence, ("a", "b"), {"from_ts"})
        assert (mutant.suite, mutant.check, mutant.name, mutant.source) == ("suite", "own", "break it", "f.sql")
