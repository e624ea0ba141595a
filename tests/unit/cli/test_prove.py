"""`streamproof prove` refuses what it cannot prove before it starts anything, and its exit code tells what it found."""

from __future__ import annotations

import json

import pytest

from streamproof.cli.commands import prove as prove_command
from streamproof.cli.commands import run as run_command
from streamproof.model.errors import UsageError


@pytest.mark.parametrize(
    "options",
    [("--check", "no_such_check"), ("--suites", "no_such_suite"), ("--pack", "nothing"), ("--kafka", "rabbit")],
)
def test_what_is_not_there_is_refused_and_nothing_is_written(refuses, project, options):
    refuses("prove", *options)
    assert not (project / "artifacts").exists()


DOCUMENT = {
    "checks": 2, "proved": 1, "informational": 1, "informational_checks": ["s.counts"], "error": None,
    "folder": "/runs/r", "mutations_applied": 2, "mutations_proved": 1,
    "survivors": [{"suite": "s", "check": "b", "source_file": "s/b.sql", "mutations": {"two": "survived"}}],
    "mutations": [
        {"suite": "s", "check": "a", "mutation": "one", "outcome": "proved", "reason": ""},
        {"suite": "s", "check": "b", "mutation": "two", "outcome": "survived", "reason": "it still passes"},
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("document", "verdict", "code"),
    [
        (DOCUMENT, "failed", 1),
        ({**DOCUMENT, "survivors": []}, "passed", 0),
        ({**DOCUMENT, "survivors": []}, "error", 3),
        ({**DOCUMENT, "survivors": [], "error": "no broker"}, "error", 3),
        ({**DOCUMENT, "survivors": [], "error": "own checks"}, "failed", 3),
    ],
)
def test_the_exit_code(document, verdict, code):
    assert prove_command._exit_code(document, {"verdict": verdict}) == code


def test_the_table_names_survivors_and_ends_with_the_totals(capsys):
    from rich.console import Console

    from streamproof.report.terminal.proof import show_proof

    show_proof(Console(width=200), DOCUMENT)
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert "s.a" in lines
    assert any(line.startswith("✕ survived") and line.endswith("two") for line in lines)
    assert "it still passes" in lines
    assert "- diagnostic: it shows something and cannot fail" in lines
    assert "1 of 2 checks proved (50 %) by 2 mutations; 1 diagnostic" in lines
    assert any(line.startswith("survivor s.b") for line in lines)


def test_a_proof_of_both_kinds_is_one_document(tmp_path):
    summary = {"run_id": "r", "verdict": "passed", "error": None}
    matrix = {"columns": 2, "covered": 1, "exempt": {}, "survivors": [{"table": "t"}], "matrix": []}
    (tmp_path / "prove.json").write_text(json.dumps({**DOCUMENT, "survivors": []}))
    half = prove_command._read(tmp_path, summary, mutations=True, coverage=True)
    assert (half["error"], half["coverage"]["error"]) == (None, "the run's own checks do not all hold")
    assert prove_command._exit_code(half, summary) == 3
    (tmp_path / "coverage.json").write_text(json.dumps(matrix))
    both = prove_command._read(tmp_path, summary, mutations=True, coverage=True)
    assert (both["proved"], both["coverage"]["covered"], both["run_id"]) == (1, 1, "r")
    assert prove_command._exit_code(both, summary) == 1
    assert prove_command._read(tmp_path, summary, mutations=False, coverage=True)["columns"] == 2
    assert "coverage" not in prove_command._read(tmp_path, summary, mutations=True, coverage=False)


def test_run_with_mode_prove_narrows_what_is_proved(call, monkeypatch):
    asked = []

    def take(request, _now):
        asked.append(request)
        raise UsageError("taken", hint="none")

    monkeypatch.setattr(run_command, "run_planned", take)
    call("run", "--mode", "prove", "--suites", "api")
    assert [(request.suites, request.prove_suites) for request in asked] == [((), ("api",))]
