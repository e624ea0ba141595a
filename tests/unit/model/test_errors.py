"""A message ends with one full stop, also when a library's text stands at its end."""

from __future__ import annotations

import pytest

from streamproof.model.errors import FixtureError


@pytest.mark.parametrize(
    ("given", "message"),
    [("It is no file..", "It is no file."), ("No file.", "No file."), ("And so on...", "And so on..."), ("", "")],
)
def test_a_message_has_one_full_stop(given, message):
    error = FixtureError(given, hint="Mend it.")
    assert (error.message, str(error)) == (message, message)
