"""Rows as a table: what varies in columns, what does not in a line, and nothing wider than the console."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from streamproof.report.terminal.row_tables import show_rows

WALLET = "0x86e290a3e71c5d08e328b2794261dd02eb086cb9"


def shown(rows, *, width=120, max_rows=10) -> list[str]:
    out = io.StringIO()
    console = Console(file=out, width=width, color_system=None, highlight=False, soft_wrap=True)
    show_rows(console, rows, max_rows=max_rows)
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_what_is_the_same_in_every_row_stands_in_one_line_and_blank_columns_nowhere():
    rows = [{"n": number, "gateway": "gw", "region": None, "note": ""} for number in (1, 2)]
    assert shown(rows) == ["  n", "  1", "  2", "  in every row: gateway=gw"]


def test_times_of_one_day_name_the_day_once():
    rows = [{"at": f"2026-02-28T21:10:00.{ms}Z", "written": "2026-11-22T06:00:00.000Z"} for ms in ("000", "125")]
    assert shown(rows) == [
        "  at",
        "  21:10:00",
        "  21:10:00.125",
        "  all times on 2026-02-28, UTC",
        "  in every row: written=2026-11-22 06:00:00",
    ]


def test_times_of_two_days_keep_their_dates():
    rows = [{"at": "2026-02-28T23:59:59.999Z"}, {"at": "2026-03-01T00:00:00.000Z"}]
    assert shown(rows) == ["  at", "  2026-02-28 23:59:59.999", "  2026-03-01 00:00:00"]


def test_one_row_is_shown_as_names_and_whole_values():
    lines = shown([{"orchestrator_address": WALLET, "fps": 15.460000038146973, "gpu": None, "ok": 0}], width=70)
    assert lines == [f"  orchestrator_address  {WALLET}", "  fps                   15.46", "  ok                    0"]


def test_one_row_takes_as_many_columns_as_fit():
    row = {f"name_{number}": number for number in range(8)}
    assert len(shown([row], width=80)) == 2
    assert len(shown([row], width=12)) == 8


def test_long_hashes_are_cut_in_the_middle_and_texts_at_the_end():
    rows = [{"wallet": WALLET, "text": "a lighthouse at dusk, painted by somebody " * 3, "n": n} for n in (1, 2)]
    rows[1] |= {"wallet": WALLET[::-1], "text": '{"rows": "' + "x" * 90}
    lines = shown(rows)
    assert "0x86e290a3e71c5d…b086cb9" in lines[1]
    assert "a lighthouse at dusk, painted by somebo…" in lines[1]
    assert '{"rows": "xxxxxxxxx' in lines[2]


def test_columns_that_do_not_fit_are_named():
    rows = [{f"column_{letter}": f"{letter}{n}" * 5 for letter in "abcdef"} for n in (1, 2)]
    lines = shown(rows, width=40)
    assert lines[0] == "  column_a    column_b    column_c"
    assert " ".join(" ".join(lines[3:]).split()) == "not shown: column_d, column_e, column_f"


def test_rows_beyond_the_limit_are_counted():
    lines = shown([{"n": n} for n in range(25)], max_rows=3)
    assert lines == ["  n", "  0", "  1", "  2", "  … the first 3 of 25 rows"]


def test_rows_that_are_all_the_same_still_show_a_column():
    assert shown([{"n": 1, "m": 2}] * 3)[:4] == ["  n", "  1", "  1", "  1"]


CELLS = st.one_of(
    st.none(), st.integers(), st.floats(), st.text(max_size=90), st.lists(st.text(max_size=5), max_size=3)
)


@settings(deadline=None)
@given(
    rows=st.lists(st.fixed_dictionaries({"first": CELLS, "[bold]": CELLS, "third": CELLS}), min_size=1, max_size=5),
    width=st.integers(30, 200),
)
def test_any_values_stay_within_the_console(rows, width):
    for line in shown(rows, width=width):
        assert cell_len(line) <= width


@pytest.mark.parametrize("text", ["[red]x[/red]", "[/]", "a\nb\tc"])
def test_values_are_no_markup_and_break_no_line(text):
    lines = shown([{"a": text, "n": 1}, {"a": "b", "n": 2}])
    assert lines[1].startswith(f"  {' '.join(text.split())}")
    assert len(lines) == 3
