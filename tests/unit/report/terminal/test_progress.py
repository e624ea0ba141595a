"""The stage table."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from streamproof.model.results import CheckResult, StageResult, Status
from streamproof.report.terminal.progress import ProgressTable

FAILED = StageResult(
    "contracts",
    Status.FAILED,
    "",
    "",
    2.5,
    checks=(CheckResult("c", "a", Status.PASSED), CheckResult("c", "b", Status.FAILED)),
)
BROKEN = StageResult("stack_up", Status.ERRORED, "", "", 0.1, error="Port 9092 is [taken]\nby pid 1")


@pytest.mark.parametrize("terminal", [False, True])
def test_it_shows_what_became_of_each_stage(terminal):
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=terminal, width=140, color_system=None, _environ={})
    with ProgressTable(console, ("stack_up", "contracts", "stack_down")) as progress:
        progress.on_event("stack_up", None)
        progress.on_event("stack_up", BROKEN)
        progress.on_event("contracts", None)
        progress.on_event("contracts", FAILED)
        progress.on_event("extra", None)
    text = stream.getvalue()
    assert "Port 9092 is [taken] by pid 1" in text
    assert "1 of 2 checks passed" in text
    assert "2.50 s" in text
    if terminal:
        assert "stack_down" in text
        assert "extra" in text
