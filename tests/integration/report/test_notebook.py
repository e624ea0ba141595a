"""The notebook of real runs, executed from clean by the command, and its page in a real browser."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.report.conftest import BREAK, COMMAND, TIMEOUT_SEC

pytestmark = pytest.mark.system

SECTIONS = [
    "Schema sanity", "Raw to silver correlation", "GPU correlation", "Bronze to gold audit",
    "Contract coverage and sparsity", "Scenario fallout", "Hourly rows",
]  # fmt: skip
# The session that the failed run has lost the status events of.
SESSION = "strm-caa1abe6|"


@dataclass(frozen=True)
class Executed:
    """An executed notebook: what the command printed, and the outputs of each code cell as text."""

    document: dict[str, Any]
    cells: list[tuple[str, str]]
    page: Path

    def shown(self, call: str) -> str:
        """The text that a cell shows."""
        return next(text for source, text in self.cells if source == call)


def notebook(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the command for the run in a folder."""
    environment = {**os.environ, "STREAMPROOF_ARTIFACTS": str(folder.parent)}
    command = [COMMAND, "notebook", folder.name, *options]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=TIMEOUT_SEC, check=False)


def executed(folder: Path, *options: str) -> Executed:
    ended = notebook(folder, "--json", *options)
    assert ended.returncode == 0, ended.stderr
    document = json.loads(ended.stdout)
    return Executed(document, cells_of(folder), Path(document["page"]))


def cells_of(folder: Path) -> list[tuple[str, str]]:
    """The source of each code cell, and its outputs as text."""
    book = json.loads((folder / "notebook.ipynb").read_text(encoding="utf-8"))
    code = [cell for cell in book["cells"] if cell["cell_type"] == "code"]
    kinds = {output["output_type"] for cell in code for output in cell["outputs"]}
    assert kinds <= {"execute_result"}, kinds
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    return [
        ("".join(cell["source"]), "".join("".join(output["data"]["text/plain"]) for output in cell["outputs"]))
        for cell in code
    ]


@pytest.fixture(scope="module")
def copies(golden_runs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Copies of the runs' folders: the notebook writes into them."""
    folder = tmp_path_factory.mktemp("notebooks")
    return {name: shutil.copytree(run, folder / name) for name, run in golden_runs.items()}


@pytest.fixture(scope="module")
def passed(copies: dict[str, Path]) -> Executed:
    return executed(copies["passed"])


@pytest.fixture(scope="module")
def failed(copies: dict[str, Path]) -> Executed:
    return executed(copies["failed"], "--compact")


def test_a_passed_run_shows_its_verdict_first_and_every_section(passed):
    assert passed.document["verdict"] == "passed"
    first = next(text for source, text in passed.cells if source.startswith("trace.") and text)
    assert first.startswith("## Verdict: passed\nAll ")
    assert passed.shown("trace.failures()") == "No check failed, and every stage ended."
    assert [line for line in passed.shown("trace.sections()").splitlines() if line.startswith("## ")] == [
        f"## {title}" for title in SECTIONS
    ]
    assert "cannot be run" not in passed.shown("trace.sections()")
    assert "0 sessions in another scenario than expected" in passed.shown("trace.scenarios()")
    assert "## 01_raw_ingest: 3 rows" in passed.shown("trace.ordered()")
    assert "All sessions: 19" in passed.shown("trace.picker()")
    assert "silver: fact_stream_trace_edges" in passed.shown("trace.picker()")
    assert passed.shown("trace.missing()") == "This pack offers everything that the notebook can show."


def test_it_has_no_hidden_state(passed, copies):
    page = passed.page.read_bytes()
    again = executed(copies["passed"])
    assert again.cells == passed.cells
    assert again.page.read_bytes() == page


def test_a_failed_run_names_the_failing_checks_and_opens_the_session_they_name(failed, failed_run):
    failures = json.loads((failed_run / "summary.json").read_text(encoding="utf-8"))["failures"]
    assert failures
    assert failed.shown("trace.verdict()").startswith("## Verdict: failed")
    assert BREAK.strip() in failed.shown("trace.verdict()") or "break.sql" in failed.shown("trace.verdict()")
    shown = failed.shown("trace.failures()")
    assert [failure["name"] for failure in failures if f"## {failure['name']}" not in shown] == []
    named = [failure for failure in failures if any(SESSION in session for session in failure["sessions"])]
    assert named
    lines = failed.shown("trace.picker()").splitlines()
    first = next(line for line in lines[1:] if line.startswith("## "))
    assert first.removeprefix("## ").partition(": ")[0] in {name for it in failures for name in it["sessions"]}
    assert "Failing checks that name it: " in failed.shown("trace.picker()")


def test_an_unknown_entity_is_refused_before_anything_is_executed(copies):
    unknown = notebook(copies["passed"], "--entity", "nobody")
    assert unknown.returncode == 2
    assert "has no session 'nobody'" in unknown.stderr


def test_a_cell_that_fails_is_named_and_the_notebook_is_saved_with_its_error(copies, tmp_path):
    folder = shutil.copytree(copies["passed"], tmp_path / "runs" / "broken")
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    (folder / "summary.json").write_text(json.dumps({**summary, "failures": [{}]}), encoding="utf-8")
    ended = notebook(folder)
    assert ended.returncode == 3
    assert "(trace.picker()): KeyError: 'sessions'" in ended.stderr
    assert "KeyError" in (folder / "notebook.html").read_text(encoding="utf-8")
    saved = json.loads((folder / "notebook.ipynb").read_text(encoding="utf-8"))["cells"]
    assert any(output["output_type"] == "error" for cell in saved for output in cell.get("outputs", ()))


@pytest.mark.parametrize(("name", "width"), [("passed", 1280), ("failed", 390)])
def test_the_page_loads_nothing_and_has_no_serious_fault(look, request, name, width):
    page = request.getfixturevalue(name).page
    seen = look(page, width=width, dark=width == 390, save=f"notebook-{name}-{width}.png")
    assert seen.errors == []
    assert seen.requests == []
    assert seen.faults() == []
    assert not seen.scrolls_sideways()
    assert seen.page.locator("h2").first.inner_text() == "Parameters"
