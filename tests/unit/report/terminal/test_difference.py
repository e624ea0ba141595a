"""The difference of two contents on a terminal."""

from __future__ import annotations

import io

from rich.console import Console

from streamproof.model.content import ChangedRow, ContentDifference, TableDifference, UnequalRow
from streamproof.report.terminal.difference import show_difference


def shown(*differing: TableDifference) -> str:
    found = ContentDifference(("monday", "[tuesday]"), "shop", 3, (1200, 1201), differing)
    out = io.StringIO()
    console = Console(file=out, width=120, color_system=None, highlight=False, soft_wrap=True, _environ={})
    show_difference(console, found.as_json())
    return out.getvalue()


def test_equal_contents_are_one_line():
    assert shown() == "✓ equal  monday and [tuesday] hold the same 1,200 rows in 3 tables.\n"


def test_the_first_table_is_named_and_its_rows_are_shown():
    changed = ChangedRow(
        {"id": "7", "page": "/", "region": None}, {"amount": "1", "note": None}, {"amount": "2", "note": ""}
    )
    orders = TableDifference("typed", "orders", (10, 11), (1, 1), (changed,))
    told = shown(orders, TableDifference("views", "v_sales", (2, 2), (2, 2)))
    assert "monday and [tuesday] differ first in layer typed, table orders." in told
    lines = [" ".join(line.split()) for line in told.splitlines()]
    assert "typed orders 10 11 1 1" in lines
    assert "views v_sales 2 2 2 2" in lines
    assert lines[-4:] == ["typed · orders", "~ id=7 page=/", "amount A 1 B 2", "note A NULL B ''"]


def test_rows_that_one_side_has_more_often_say_how_often():
    rows = (UnequalRow((1, 0), {"id": "1", "page": None}), UnequalRow((1, 3), {"id": "NULL", "page": "a\nb"}))
    told = shown(TableDifference("raw", "clicks", (4, 5), (1, 2), (), rows))
    assert "  - only in A: id=1\n" in told
    assert "  + 1 times in A, 3 times in B: id='NULL'  page='a\\nb'\n" in told


def test_it_says_that_more_rows_differ():
    told = shown(TableDifference("raw", "clicks", (9, 0), (9, 0), (), (UnequalRow((1, 0), {"id": "1"}),)))
    assert told.endswith("… more rows differ: see --rows, --table and --json\n")


def test_long_values_are_cut():
    told = shown(TableDifference("raw", "clicks", (1, 0), (1, 0), (), (UnequalRow((1, 0), {"id": "x" * 500}),)))
    assert "x" * 59 + "…" in told
    assert "x" * 60 not in told
