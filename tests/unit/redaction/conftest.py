"""One redactor for all tests: its key is fixed, so that a failure can be repeated."""

from __future__ import annotations

import pytest

from streamproof.redaction import RedactionRules, Redactor

KEY = bytes(range(32))
RULES = RedactionRules(
    keep=("type", "model", ".data.price"),
    text=("prompt",),
    replace=("model.name", "user_number"),
    keys=("by_user",),
    keep_texts=("GPU", "no route"),
)


@pytest.fixture(scope="session")
def redactor() -> Redactor:
    return Redactor(RULES, KEY)
