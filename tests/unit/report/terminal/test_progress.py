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


def table(width, height=40, **options):
    stream = io.StringIO()
    console = Console(
        file=stream, force_terminal=True, width=width, height=height, color_system=None, _environ={}, **options
    )
    return console, stream


def drawn(console, stream, progress):
    """The table as it is now, a line a stage."""
    stream.truncate(0)
    stream.seek(0)
    console.print(progress)
    return [line.rstrip() for line in stream.getvalue().splitlines()]


def test_a_running_stage_shows_what_it_waits_for_until_it_has_it():
    console, stream = table(100)
    progress = ProgressTable(console, ("pipeline_wait",))
    progress.on_event("pipeline_wait", None)
    progress.on_work("pipeline_wait", "raw 3 of [4]\nrows")
    assert drawn(console, stream, progress)[0].endswith("raw 3 of [4] rows")

    progress.on_work("pipeline_wait", "")
    assert drawn(console, stream, progress)[0].endswith(" s")


@pytest.mark.parametrize("width", [20, 40, 60, 80, 200])
def test_no_line_is_wider_than_the_terminal(width):
    console, stream = table(width)
    progress = ProgressTable(console, ("stack_up", "contracts", "assert_a_suite_with_a_long_name"))
    progress.on_event("contracts", None)
    progress.on_event("stack_up", BROKEN)
    progress.on_work("contracts", "many words " * 40)

    lines = drawn(console, stream, progress)

    assert len(lines) == 3
    assert max(map(len, lines)) <= width
    assert "0.10 s" in lines[0]


def test_a_low_terminal_shows_the_stages_around_the_running_one():
    console, stream = table(100, height=5)
    progress = ProgressTable(console, tuple(f"stage_{number:02}" for number in range(20)))
    for number in range(10):
        progress.on_event(f"stage_{number:02}", None)

    lines = drawn(console, stream, progress)

    assert [line.split()[1] for line in lines] == ["stage_07", "stage_08", "stage_09", "stage_10"]


@pytest.mark.parametrize("options", [{"force_interactive": False}, {"_environ": {"TERM": "dumb"}}])
def test_without_a_screen_that_can_be_redrawn_there_are_only_lines(options):
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=100, color_system=None, **{"_environ": {}, **options})

    with ProgressTable(console, ("contracts",)) as progress:
        progress.on_event("contracts", None)
        progress.on_work("contracts", "something")
        progress.on_event("contracts", FAILED)

    assert stream.getvalue() == "✕ contracts            2.50 s  1 of 2 checks passed, 1 failed\n"
