"""The notebook in the repository: without outputs, with one cell of parameters, and with thin cells."""

from __future__ import annotations

import ast
import json
from itertools import pairwise

import pytest

from streamproof.notebook.execution import NOTEBOOK
from streamproof.notebook.trace import Trace


@pytest.fixture(scope="module")
def book(home):
    return json.loads((home / NOTEBOOK).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def code(book):
    return [cell for cell in book["cells"] if cell["cell_type"] == "code"]


def test_no_notebook_is_kept_with_outputs(home):
    files = sorted((home / "notebooks").glob("**/*.ipynb"))
    assert home / NOTEBOOK in files
    for file in files:
        for cell in json.loads(file.read_text(encoding="utf-8"))["cells"]:
            assert not cell.get("outputs"), f"{file.name}: clear the outputs before you commit it"
            assert cell.get("execution_count") is None, f"{file.name}: clear the execution counts"


def test_one_cell_has_the_parameters_with_their_defaults(code):
    tagged = [cell for cell in code if "parameters" in cell["metadata"].get("tags", ())]
    assert len(tagged) == 1
    names = [statement.targets[0].id for statement in ast.parse(tagged[0]["source"]).body]
    assert names == ["RUN_ID", "LIVE", "DEBUG", "ENTITY"]


def test_each_other_cell_shows_one_section_and_keeps_nothing(code):
    shown = []
    for cell in code[2:]:
        (statement,) = ast.parse(cell["source"]).body
        assert isinstance(statement, ast.Expr), cell["source"]
        shown.append(cell["source"])
    assert shown[:3] == ["trace.verdict()", "trace.summary()", "trace.failures()"]
    sections = {name for name in vars(Trace) if not name.startswith("_")} - {"run", "debug", "entity"}
    assert sections == {call.removeprefix("trace.").removesuffix("()") for call in shown}


def test_every_code_cell_has_guidance_above_it_and_its_own_id(book):
    cells = book["cells"]
    assert len({cell["id"] for cell in cells}) == len(cells)
    for before, cell in pairwise(cells):
        if cell["cell_type"] == "code" and cell["id"] not in ("open",):
            assert before["cell_type"] == "markdown", cell["source"]
