"""How records are divided into parts: what names connect stays together, what concerns all is in every part."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streamproof.checks.partitions import Links, divided


def of(*names, shared=False):
    return Links(names, shared)


def parts_of(links, size):
    return [(list(part.records), set(part.context)) for part in divided(links, part_records=size)]


def test_records_are_divided_in_the_order_in_which_their_groups_begin():
    links = [of("a"), of("b"), of("a"), of("c"), of("b"), of("d")]

    assert parts_of(links, 2) == [([0, 2], set()), ([1, 4], set()), ([3, 5], set())]


def test_records_that_others_connect_are_in_one_part():
    links = [of("a", "1"), of("b", "2"), of("c", "3"), of("b", "1")]

    assert parts_of(links, 1) == [([0, 1, 3], set()), ([2], set())]


def test_a_shared_record_is_in_every_part_and_gives_its_rows_to_the_first():
    links = [of("x", shared=True), *map(of, "abcde"), of("y", shared=True)]

    # A part has twice as many records of its own as shared ones.
    assert parts_of(links, 1) == [([0, 1, 2, 3, 4, 6], set()), ([0, 5, 6], {0, 6})]


def test_a_shared_record_with_the_name_of_another_leaves_one_part():
    links = [of("x", shared=True), of("a", "x"), of("b")]

    assert parts_of(links, 1) == [([0, 1, 2], set())]


def test_records_without_names_and_no_records_are_no_special_case():
    assert parts_of([of(), of(), of()], 2) == [([0, 1], set()), ([2], set())]
    assert parts_of([], 2) == [([], set())]


LINKS = st.lists(
    st.builds(of, st.sampled_from("abcdefgh"), st.sampled_from(["1", "2", "3", "4", "5", "6", "7", "8", "9"])),
    max_size=30,
)


@given(links=LINKS, size=st.integers(1, 10))
def test_every_record_is_in_one_part_and_no_name_in_two(links, size):
    parts = divided(links, part_records=size)

    assert sorted(place for part in parts for place in part.records) == list(range(len(links)))
    names = [{name for place in part.records for name in links[place].names} for part in parts]
    assert sum(map(len, names)) == len(set().union(*names))
    assert all(list(part.records) == sorted(part.records) for part in parts)
