"""Exempt columns are a closed list: every entry names something."""

from __future__ import annotations

import pytest

from streamproof.checks.exemptions import exempt_columns
from streamproof.model.errors import UsageError

COLUMNS = {"one": ["a", "seen_at"], "two": ["seen_at"]}


def test_a_star_stands_for_every_object():
    found = exempt_columns({"*.seen_at": "a clock", "one.a": "random"}, COLUMNS)
    assert found == {"one.seen_at": "a clock", "two.seen_at": "a clock", "one.a": "random"}


@pytest.mark.parametrize("entry", ["one.b", "*.b", "three.a", "two.a"])
def test_an_entry_that_names_nothing_is_refused(entry):
    with pytest.raises(UsageError, match="no layer has a column"):
        exempt_columns({entry: "why"}, COLUMNS)
