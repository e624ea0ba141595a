"""What a user may say is read: each key of pack.yaml, and each field of a request and of a plan."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from streamproof.model.plan import RunPlan
from streamproof.packs.pack import PackFile
from streamproof.runs.request import RunRequest


@pytest.fixture(scope="module")
def engine(home) -> str:
    """The text of the whole engine."""
    return "\n".join(file.read_text(encoding="utf-8") for file in sorted((home / "plugins").rglob("*.py")))


@pytest.mark.parametrize("key", list(PackFile.model_fields))
def test_each_key_of_a_pack_is_read(engine, key):
    """As an attribute of a pack, or of itself in its properties; a Python part is imported by the key's name."""
    assert re.search(rf"pack\.{key}\b|self\.{key}\b|content\.{key}\b|import_part\(\w+, \"{key}\"", engine), key


@pytest.mark.parametrize(
    ("owner", "name"),
    [("request", field.name) for field in fields(RunRequest)] + [("plan", field.name) for field in fields(RunPlan)],
)
def test_each_field_of_a_request_and_of_a_plan_is_read(engine, owner, name):
    assert re.search(rf"\b{owner}\.{name}\b|self\.{name}\b|\(request, \"?{name}|\b{name}\b.*getattr", engine), name
