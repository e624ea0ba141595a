"""The bars of long work and of a replay, at the widths that terminals have."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from streamproof.report.terminal.long_work import LongWork
from streamproof.report.terminal.replay import ReplayProgress

WIDTHS = [40, 60, 80, 120]


def console(stream, **options):
    return Console(file=stream, force_terminal=True, color_system=None, **{"_environ": {}, **options})


@pytest.mark.parametrize("pace_sec", [None, 3600.0])
@pytest.mark.parametrize("width", WIDTHS)
def test_a_replay_shows_its_numbers_at_any_width(width, pace_sec):
    stream = io.StringIO()
    with ReplayProgress(console(stream, width=width), 400_000, expected_sec=pace_sec) as progress:
        progress.add(123_456)
    last = [line for line in stream.getvalue().splitlines() if "━" in line][-1]

    assert "123456/400000" in last
    assert "…" not in last


@pytest.mark.parametrize("width", WIDTHS)
def test_an_export_shows_its_numbers_at_any_width(width):
    stream = io.StringIO()
    with LongWork(console(stream, width=width), "Exporting", "sessions") as work:
        work.show(123_456, 400_000, "12 sessions")
    last = [line for line in stream.getvalue().splitlines() if "━" in line][-1]

    assert "Exporting" in last
    assert "123456/400000" in last
    assert ("12 sessions" in last) is (width >= 60)
    assert "…" not in last


@pytest.mark.parametrize("options", [{"force_interactive": False}, {"_environ": {"TERM": "dumb"}}])
def test_without_a_screen_that_can_be_redrawn_there_are_only_lines(options):
    stream = io.StringIO()
    with LongWork(console(stream, width=80, **options), "Exporting", "sessions") as work:
        work.show(4, 4, "")
    with ReplayProgress(console(stream, width=80, **options), 4) as progress:
        progress.add(4)

    lines = stream.getvalue().splitlines()
    assert lines[0] == "Exporting: 4 of 4 sessions"
    assert lines[1].startswith("4 of 4 records acknowledged")
    assert len(lines) == 2
