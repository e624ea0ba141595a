"""Every type has damages, and none of them leaves a column as it is by accident of its type."""

from __future__ import annotations

import pytest

from streamproof.warehouse.clickhouse.cloning.damages import bare_type, column_damages, damages_of, swaps


@pytest.mark.parametrize(
    ("declared", "names"),
    [
        ("UInt32", ["shifted", "zero"]),
        ("Nullable(Int64)", ["shifted", "zero", "null"]),
        ("UInt8", ["flipped", "shifted", "zero"]),
        ("Float32", ["shifted", "zero"]),
        ("String", ["one constant", "extended", "blank"]),
        ("LowCardinality(Nullable(String))", ["one constant", "extended", "blank", "null"]),
        ("DateTime64(3, 'UTC')", ["an hour later", "a second later"]),
        ("Date", ["a day later"]),
        ("Map(String, UInt32)", ["shortened", "empty"]),
        ("Array(String)", ["shortened", "empty"]),
        ("AggregateFunction(avg, Float32)", ["the state of no rows"]),
        ("SimpleAggregateFunction(max, UInt64)", ["shifted", "zero"]),
        ("UUID", ["default"]),
    ],
)
def test_the_damages_of_a_type(declared, names):
    assert [damage.name for damage in column_damages("t", "c", declared)] == names


def test_the_greatest_integer_does_not_overflow():
    shifted = next(damage for damage in column_damages("t", "c", "Int64") if damage.name == "shifted")
    assert shifted.values == {"c": "CAST(if(`c` = 9223372036854775807, `c` - 1, `c` + 1), 'Int64')"}


def test_only_neighbours_of_one_type_are_swapped():
    columns = {
        "a": "String",
        "b": "LowCardinality(String)",
        "c": "UInt8",
        "d": "Nullable(UInt8)",
        "e": "Nullable(UInt8)",
    }
    assert [damage.column for damage in swaps("t", columns)] == ["a <> b", "d <> e"]


def test_rows_and_swaps_belong_to_the_whole_set():
    columns = {"a": "String", "b": "String"}
    few = {damage.name for damage in damages_of("t", columns, every=False)}
    every = {damage.name for damage in damages_of("t", columns, every=True)}
    assert every - few == {"swapped", "a row is lost", "a row is there twice", "a family is lost"}


def test_wrappers_are_taken_off():
    assert bare_type("LowCardinality(Nullable(String))") == ("String", True)
    assert bare_type("Array(Nullable(String))") == ("Array(Nullable(String))", False)
