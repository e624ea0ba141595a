"""Every hazard of docs/hazards.md is covered by tests that exist, and names the cases that they really have."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

HOME = Path(__file__).resolve().parents[3]
TESTS = HOME / "tests"
TEXT = (HOME / "docs/hazards.md").read_text(encoding="utf-8")
ROWS = [line for line in TEXT.splitlines() if line.startswith("| ") and not line.startswith("| Hazard ")]
REFERENCE = re.compile(r"`(?P<file>[\w/]+\.py)::(?P<test>\w+)(?:\[(?P<case>[^\]`]+)\])?`")
REFERENCES = sorted({match.group(0) for match in REFERENCE.finditer(TEXT)})


@cache
def functions_of(file: Path) -> frozenset[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, kinds))


@cache
def tables_beside(folder: Path) -> str:
    """The case tables of a folder, and the tests themselves, as one text."""
    files = sorted([*folder.rglob("*.yaml"), *folder.glob("*.py")])
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def test_every_hazard_names_a_test() -> None:
    assert len(ROWS) > 100
    assert [row for row in ROWS if not REFERENCE.search(row.split("|")[3])] == []


@pytest.mark.parametrize("reference", REFERENCES)
def test_the_test_exists(reference: str) -> None:
    found = REFERENCE.fullmatch(reference)
    assert found is not None
    file = TESTS / found["file"]

    assert file.is_file()
    assert found["test"] in functions_of(file)
    if found["case"]:
        assert found["case"] in tables_beside(file.parent)
