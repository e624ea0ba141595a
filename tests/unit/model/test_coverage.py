"""The matrix of column coverage: what counts as covered, and what as a survivor."""

from __future__ import annotations

from streamproof.model.coverage import ColumnCoverage, Sight, Sighting


def sighting(column, outcome, damage="zero"):
    return Sighting("t", "typed", column, damage, outcome, ("parity_t",) if outcome is Sight.COVERED else ())


def test_a_column_is_covered_when_every_damage_that_changes_it_is_seen():
    found = ColumnCoverage(
        (
            sighting("a", Sight.COVERED),
            sighting("a", Sight.NO_EFFECT, "null"),
            sighting("b", Sight.SURVIVED),
            sighting("b", Sight.COVERED, "shifted"),
            sighting("c", Sight.NO_EFFECT),
            sighting("", Sight.COVERED, "a row is lost"),
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


def test_a_swap_that_nobody_sees_leaves_both_columns_uncovered():
    swap = Sighting("t", "typed", "a <> b", "swapped", Sight.SURVIVED)
    found = ColumnCoverage(
        (sighting("a", Sight.COVERED), sighting("b", Sight.COVERED), swap), {"t": ("a", "b")}, {}
    ).as_json()
    assert found["covered"] == 0
