"""The stage table in a real pseudo-terminal: sizes, colours, and how the terminal is left."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.support.terminal import CTRL_C, Terminal

STAGES = (
    "stack_up",
    "schema_apply",
    "pipeline_ready",
    "replay_events",
    "pipeline_wait",
    "query_pack",
    "assert_raw_typed",
)
DRIVE = str(Path(__file__).with_name("drive_table.py"))
_COLOUR = re.compile(rb"\x1b\[(?:\d+;)*(?:3[0-7]|38|9[0-7])(?:;\d+)*m")


@pytest.fixture
def shown():
    """Open a terminal in which the stages are shown; it is closed with the test."""
    opened: list[Terminal] = []

    def of(columns: int = 100, rows: int = 40, stages=STAGES, **env: str) -> Terminal:
        opened.append(Terminal([sys.executable, DRIVE, *stages], columns=columns, rows=rows, env=env))
        return opened[-1]

    yield of
    for terminal in opened:
        terminal.__exit__()


def row(terminal: Terminal, stage: str) -> str:
    [line] = [line for line in terminal.lines if stage in line]
    return line


def test_a_running_stage_shows_its_time_and_what_it_waits_for(shown):
    terminal = shown()
    terminal.until("assert_raw_typed")
    assert not terminal.cursor_is_shown
    terminal.type("start stack_up\nwork stack_up services; up: kafka\n")
    terminal.until("services; up: kafka")
    assert re.search(r"stack_up +running +\d+\.\d s +services; up: kafka", row(terminal, "stack_up"))
    assert "to come" in row(terminal, "schema_apply")

    terminal.type("end stack_up\nstart schema_apply\nstop it\n")

    assert terminal.ended() == 0
    assert re.search(r"✓ +stack_up +passed +1\.25 s$", row(terminal, "stack_up"))
    assert len(terminal.lines) == len(STAGES)
    assert terminal.cursor_is_shown


@pytest.mark.parametrize("columns", [40, 60, 100])
def test_each_stage_has_one_line_at_any_width(shown, columns):
    terminal = shown(columns)
    terminal.type("start replay_events\nwork replay_events " + "a long remark of many words " * 9 + "\n")
    terminal.until(lambda: re.search(r"replay_events .*\d\.\d s", terminal.text) is not None)
    terminal.type("stop it\n")

    assert terminal.ended() == 0
    assert len(terminal.lines) == len(STAGES)
    assert re.search(r"replay_events .*\d\.\d s", row(terminal, "replay_events"))


def test_a_low_terminal_shows_the_running_stage_and_at_the_end_all(shown):
    stages = tuple(f"stage_{number:02}" for number in range(20))
    terminal = shown(rows=8, stages=stages)
    terminal.type("".join(f"start {stage}\nend {stage}\n" for stage in stages[:12]) + "start stage_12\n")
    terminal.until(lambda: "running" in terminal.text)
    assert "stage_12" in terminal.text
    assert len(terminal.lines) <= 8
    terminal.type("stop it\n")

    assert terminal.ended() == 0
    assert b"stage_00" in terminal.raw.rpartition(b"stage_01")[0][-400:]
    assert "stage_19" in terminal.text


@pytest.mark.parametrize("columns", [50, 140])
def test_a_window_that_changes_its_size_is_drawn_anew(shown, columns):
    terminal = shown(100)
    terminal.type("start stack_up\n")
    terminal.until("running")
    terminal.resize(columns, 30)
    terminal.type("work stack_up services\n")
    terminal.until("services")
    terminal.type("end stack_up\nstop it\n")

    assert terminal.ended() == 0
    assert [line for line in terminal.lines if "stack_up" in line and "1.25 s" in line]
    assert terminal.cursor_is_shown


def test_ctrl_c_leaves_the_table_and_the_cursor(shown):
    terminal = shown()
    terminal.type("start stack_up\n")
    terminal.until("running")
    assert not terminal.cursor_is_shown
    terminal.type(CTRL_C)

    assert terminal.ended() != 0
    assert terminal.cursor_is_shown
    assert re.search(r"! +stack_up +stopped", terminal.text)


def test_a_terminal_has_colours_and_with_no_color_none(shown):
    for env, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
        terminal = shown(**env)
        terminal.type("start stack_up\nend stack_up\nstop it\n")
        assert terminal.ended() == 0
        assert "passed" in row(terminal, "stack_up")
        assert bool(_COLOUR.search(terminal.raw)) is coloured, env


@pytest.mark.parametrize("env", [{"TERM": "dumb"}, {"CI": "true", "NO_COLOR": "1"}])
def test_a_dumb_terminal_and_ci_get_plain_lines(shown, env):
    terminal = shown(**env)
    terminal.type("start stack_up\nwork stack_up services\nend stack_up\nstop it\n")

    assert terminal.ended() == 0
    assert terminal.lines == ["✓ stack_up             1.25 s"]
    assert b"\x1b" not in terminal.raw
