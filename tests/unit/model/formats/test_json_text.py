"""JSON of any value that a warehouse or a fixture may hold."""

from __future__ import annotations

import json
from decimal import Decimal

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamproof.model.formats.json_text import to_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.integers(-(2**256), 2**256) | st.floats() | st.text()
    | st.characters(codec=None).map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.integers(), inner, max_size=3),
)  # fmt: skip


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2**64 - 1, "18446744073709551615"),
        (2**64, '"18446744073709551616"'),
        (-(2**63), "-9223372036854775808"),
        (-(2**63) - 1, '"-9223372036854775809"'),
        ({"fee": [25 * 10**18, 1]}, '{"fee":["25000000000000000000",1]}'),
        ({25 * 10**18: True}, '{"25000000000000000000":true}'),
        ((1, Decimal("1.10")), '[1,"1.10"]'),
        ("\ud800x", '"\\\\ud800x"'),
        (True, "true"),
        (float("nan"), "null"),
    ],
)
def test_what_json_cannot_hold_is_text(value, text):
    assert to_json(value, indent=False).decode() == text


@given(VALUES)
def test_nothing_breaks_it_and_integers_keep_their_digits(value):
    assert orjson.loads(to_json(value)) == orjson.loads(to_json(value, indent=False))


@given(st.integers(-(2**256), 2**256))
def test_an_integer_keeps_its_digits(number):
    assert int(json.loads(to_json({"n": number}))["n"]) == number


def test_what_is_nested_too_deep_is_left_out_and_named():
    deep: list = []
    for _ in range(1500):
        deep = [deep]
    assert b"deeper than 100 levels" in to_json(deep)
