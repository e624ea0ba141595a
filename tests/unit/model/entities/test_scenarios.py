"""The one rule of who is in the expected scenario."""

from __future__ import annotations

import pytest

from streamproof.model.entities.scenarios import is_fallout, is_mislabelled


@pytest.mark.parametrize(
    ("expected", "observed", "mislabelled", "fallout"),
    [
        ("a", "a", False, False),
        ("a", "b", True, True),
        ("a", None, True, True),
        ("a", "", True, True),
        (None, "b", False, False),
        ("", "b", False, False),
        (None, None, False, True),
        ("", None, False, True),
    ],
)
def test_an_expected_scenario_must_be_observed_and_any_will_do_without_one(expected, observed, mislabelled, fallout):
    assert is_mislabelled(expected, observed) is mislabelled
    assert is_fallout(expected, observed) is fallout
