"""The history on a terminal."""

from __future__ import annotations

import importlib.util
import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from streamproof.history.comparing import compare
from streamproof.history.drift import drifts_by_run
from streamproof.history.entries import CheckEntry
from streamproof.history.flaky import flaky_checks, flaky_runs
from streamproof.history.store import History
from streamproof.report.terminal.history import show_check, show_comparison, show_runs

_spec = importlib.util.spec_from_file_location("entry_of", Path(__file__).parents[2] / "history" / "made_up.py")
_made_up = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_made_up)
entry = _made_up.entry


def printed(show, width=140, **options):
    stream = io.StringIO()
    console = Console(file=stream, width=width, soft_wrap=True, highlight=False, _environ={}, **options)
    show(console)
    return stream.getvalue()


def listed(runs, width=140, unreadable=(), limit=None, **options):
    def show(console):
        show_runs(
            console, runs[:limit], history=History(tuple(runs), unreadable), flaky=flaky_runs(runs),
            checks=flaky_checks(runs), drifts=drifts_by_run(runs),
        )  # fmt: skip

    return printed(show, width, **options)


def test_a_run_shows_verdict_time_and_broken_layer():
    lines = listed([entry(2, "failed"), entry(1, git_commit="f" * 40)]).splitlines()

    assert lines[0].split("  ")[0] == "run"
    assert "✕ failed" in lines[1]
    assert "typed" in lines[1]
    assert "1 of 2 failed" in lines[1]
    assert "✓ passed" in lines[2]
    assert "20.0 s" in lines[2]
    assert "FLAKY" not in "".join(lines)


def test_flaky_runs_have_the_label_and_their_checks_stand_below():
    text = listed([entry(2, "failed"), entry(1)])

    assert text.count("FLAKY") == 2
    assert "orders.unique  1 change in 2 runs" in text


def test_drift_is_noted_below():
    runs = [entry(9, stages={"stack_up": 30.0}), *(entry(number) for number in range(8, 0, -1))]

    assert "stage stack_up  3.00 s → 30.0 s  (10 times)" in listed(runs)


def test_a_run_without_a_verdict_says_what_is_known():
    runs = [
        entry(2, "running", remark="2 of 11 stages have ended"),
        entry(1, "interrupted", remark="its process is gone"),
    ]
    text = listed(runs)

    assert "… running" in text
    assert "INTERRUPTED" in text
    assert "run-0001: its process is gone" in text


def test_what_cannot_be_read_is_named():
    assert "Not readable: history/a.json: It is not JSON." in listed(
        [], unreadable=(("history/a.json", "It is not JSON."),)
    )


def test_an_empty_history_says_so():
    assert listed([]) == "There is no run in the history.\n"


def test_the_limit_says_what_is_left_out():
    assert "… and 2 earlier runs: --limit 3" in listed([entry(3), entry(2), entry(1)], limit=1)


@pytest.mark.parametrize("width", [40, 60, 90, 140])
def test_a_narrow_terminal_shows_run_and_verdict(width):
    runs = [entry(2, "failed"), entry(1, "interrupted"), entry(0, pack="a-pack-with-a-rather-long-name")]
    lines = listed(runs, width, force_terminal=True, color_system=None).splitlines()

    for run, verdict in (("run-0002", "failed"), ("run-0001", "INTERRUPTED"), ("run-0000", "passed")):
        [line] = [line for line in lines if line.startswith(run)]
        assert verdict in line
    assert max(map(len, lines)) <= width


def test_a_name_with_markup_is_shown_as_it_is():
    assert "[red]x[/]" in listed([entry(1, run_id="[red]x[/]")])


def test_a_check_shows_its_results_by_run():
    runs = [entry(2, "failed"), entry(1)]
    flaky = flaky_checks(runs)["orders.unique"]
    failed = CheckEntry("failed", 0.5, 7, {"rows": 1200.0, "share": 0.25})

    text = printed(lambda console: show_check(console, "orders.unique", [(runs[0], failed)], flaky))

    assert text.splitlines()[0] == "orders.unique"
    assert "rows=1,200, share=0.25" in text
    assert "FLAKY: 1 change in 2 runs" in text


def test_two_runs_show_what_differs():
    a = entry(
        1, checks={"o.broke": CheckEntry("passed", 0.1, 0, {"rows": 5.0}), "o.gone": CheckEntry("passed", 0, 0, {})}
    )
    b = replace(
        entry(2, "failed", git_commit="f" * 40), checks={"o.broke": CheckEntry("failed", 0.1, 1, {"rows": 4.0})}
    )

    text = printed(lambda console: show_comparison(console, a, b, compare(a, b)))

    rows = [line.split() for line in text.splitlines()]
    assert ["verdict", "passed", "failed"] in rows
    assert ["o.broke", "passed", "failed"] in rows
    assert ["o.broke.rows", "5", "4"] in rows
    assert ["git_commit", "0d4c9a1f6f6f4f3ab7cbe1de9a8b2c3d4e5f6071", "f" * 40] in rows
    assert "Only in run-0001: o.gone" in text
    assert not any(row[:1] == ["mode"] for row in rows)


def test_uncommitted_changes_are_a_difference_that_is_seen():
    a, b = entry(1), entry(2, git_commit=f"{entry(1).git_commit}+changes")
    text = printed(lambda console: show_comparison(console, a, b, compare(a, b)))
    assert ["git_commit", a.git_commit, b.git_commit] in [line.split() for line in text.splitlines()]
