"""Which rows of two sides are shown as one row with other values."""

from __future__ import annotations

from streamproof.content.pairing import paired


def test_rows_are_paired_with_those_that_differ_least():
    one = [("a", "1", "x", "u"), ("b", "1", "x", "u")]
    other = [("b", "1", "y", "u"), ("a", "2", "x", "u")]
    assert sorted(paired(one, other)) == [(0, 1), (1, 0)]


def test_rows_that_differ_in_more_than_half_of_their_columns_are_no_pair():
    assert paired([("a", "1", "x", "u")], [("b", "2", "y", "u")]) == []
    assert paired([("a", "1", "x", "u")], [("b", "2", "x", "u")]) == [(0, 0)]


def test_a_row_is_in_one_pair_only():
    assert paired([("a", "1", "x"), ("a", "2", "x")], [("a", "3", "x")]) == [(0, 0)]


def test_null_differs_from_an_empty_text():
    assert paired([(None, "1")], [("", "1")]) == [(0, 0)]
    assert paired([(None,)], [("",)]) == []


def test_one_side_may_have_no_row():
    assert paired([], [("a",)]) == []
