"""The matrix of column coverage: what counts as covered, and what as a survivor."""

from __future__ import annotations

from streamproof.model.proofs.coverage import ColumnCoverage, DamageOutcome, DamageResult


def damage_result(column, outcome, damage="zero"):
    return DamageResult(
        "t", "typed", column, damage, outcome, ("parity_t",) if outcome is DamageOutcome.COVERED else ()
    )


def test_a_column_is_covered_when_every_damage_that_changes_it_is_seen():
    found = ColumnCoverage(
        (
            damage_result("a", DamageOutcome.COVERED),
            damage_result("a", DamageOutcome.NO_EFFECT, "null"),
            damage_result("b", DamageOutcome.SURVIVED),
            damage_result("b", DamageOutcome.COVERED, "shifted"),
            damage_result("c", DamageOutcome.NO_EFFECT),
            damage_result("", DamageOutcome.COVERED, "a row is lost"),
        ),
        {"t": ("a", "b", "c")},
        {"t.d": "a clock"},
    ).as_json()
    assert (found["columns"], found["covered"], found["exempt"]) == (3, 1, {"t.d": "a clock"})
    assert [(entry["column"], entry["outcome"]) for entry in found["survivors"]] == [
        ("b", "survived"),
        ("c", "no_effect"),
    ]
    assert found["damages"] == 6


def test_an_undetected_swap_leaves_both_columns_uncovered():
    swap = DamageResult("t", "typed", "a <> b", "swapped", DamageOutcome.SURVIVED)
    found = ColumnCoverage(
        (damage_result("a", DamageOutcome.COVERED), damage_result("b", DamageOutcome.COVERED), swap),
        {"t": ("a", "b")},
        {},
    ).as_json()
    assert found["covered"] == 0
