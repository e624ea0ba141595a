"""The page of an entity: what it says, that values cannot break out of it, and where marks and lines are drawn."""

from __future__ import annotations

import re

import pytest

from streamproof.model.entities.page import EntityPage, EntityTable, Mark, Series, moment
from streamproof.model.results import CheckResult, Status
from streamproof.report.entities import drawing
from streamproof.report.entities.page import render_entity_page

START = 1_772_366_400_000
HOSTILE = "<script>alert(1)</script>\"'&\N{SNOWMAN}</title>"


def table(**changes) -> EntityTable:
    return EntityTable(**{"title": "Rows", "layer": "raw", "table": "t", **changes})


def page(**changes) -> EntityPage:
    values = {"run_id": "r1", "pack": "p", "name": "ride", "id": "a|1", "layers": ("raw", "facts"), "titles": {}}
    return EntityPage(**{**values, "tables": (table(),), **changes})


def text(html: str) -> str:
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL).split())


def test_no_value_can_break_out_of_the_page():
    rows = {"columns": (HOSTILE,), "rows": ((HOSTILE,),), "total": 1}
    drawn = {"marks": (Mark(HOSTILE, HOSTILE, START),), "series": (Series(HOSTILE, ((START, 1.0),)),), "unit": HOSTILE}
    check = CheckResult(HOSTILE, HOSTILE, Status.FAILED, 1, {"why": HOSTILE}, layer=HOSTILE, source_file=HOSTILE)
    html = render_entity_page(
        page(
            run_id=HOSTILE,
            id=HOSTILE,
            name=HOSTILE,
            titles={HOSTILE: HOSTILE},
            judged={HOSTILE: HOSTILE, "scenario_expected": HOSTILE, "oracle_differences": [{HOSTILE: HOSTILE}]},
            failed=(check,),
            tables=(table(title=HOSTILE, **rows, **drawn), table(title=HOSTILE, note=HOSTILE)),
        )
    )
    assert "<script" not in html
    # Every mark of HTML in a value is escaped: the texts are those of a page with a harmless value.
    assert html.count("</title>") == 1 + len(re.findall("<title>", html)) - 1
    assert "default-src 'none'" in html


def test_an_entity_as_expected_says_so():
    html = render_entity_page(page(judged={"scenario_expected": "s", "scenario_observed": "s"}))
    assert "Ride: It is as the oracle expects, and no failing check names it." in text(html)
    assert page(judged={"scenario_expected": "s", "scenario_observed": "s"}).status == "passed"


@pytest.mark.parametrize(
    ("changes", "status", "says"),
    [
        ({}, "skipped", "No oracle has judged it in this run."),
        (
            {"judged": {"oracle_differences": [{"field": "x", "expected": 1, "observed": 2}]}},
            "failed",
            "1 fact differs from what the oracle expects.",
        ),
        (
            {"judged": {"oracle_differences": [{"field": "x"}, {"field": "y"}]}},
            "failed",
            "2 facts differ from what the oracle expects.",
        ),
        (
            {"judged": {"scenario_expected": "a", "scenario_observed": "b"}},
            "failed",
            "Its scenario is not the expected one.",
        ),
        ({"failed": (CheckResult("s", "c", Status.FAILED),)}, "failed", "1 failing check of the run names it."),
    ],
)
def test_the_headline_says_what_is_wrong(changes, status, says):
    shown = page(**changes)
    assert shown.status == status
    assert says in text(render_entity_page(shown))


def test_each_layer_shows_its_rows_and_the_checks_that_name_the_entity():
    check = CheckResult("suite", "check", Status.FAILED, 3, {"seen": 3}, layer="facts")
    html = render_entity_page(page(tables=(table(total=7), table(title="More", note="gone")), failed=(check,)))
    assert "raw Rows: 7, More: not read none" in text(html)
    assert "facts the page shows no table of this layer failed suite. check" in text(html)


def test_parts_without_rows_are_named_and_a_note_is_shown():
    html = text(render_entity_page(page(tables=(table(), table(title="Torn", note="t cannot be read: x")))))
    assert "No rows of this ride in: Rows ( t )." in html
    assert "Torn t cannot be read: x" in html
    assert "No saved row of this ride has a time that could be drawn." in html
    assert "The run has no final facts of this ride: no oracle has judged it." in html


def test_rows_that_are_left_out_are_counted_and_long_cells_are_cut():
    rows = {"columns": ("a",), "rows": (("x" * 700,),), "total": 12}
    html = text(render_entity_page(page(tables=(table(**rows),))))
    assert "The first 1 of 12 rows." in html
    assert f"{'x' * 600}… (700 characters)" in html


@pytest.mark.parametrize(
    ("read", "nearest", "says"),
    [
        (2, 5, "The 2 rows nearest in time, of 5."),
        (3, 5, "The first 2 of the 3 rows nearest in time, of 5."),
        (2, 4, "The 2 rows nearest in time, of the first 4 that were read of 5."),
    ],
)
def test_rows_that_were_chosen_by_their_time_are_not_called_the_first(read, nearest, says):
    rows = {"columns": ("a",), "rows": ((1,), (2,)), "read": read, "total": 5, "nearest": nearest}
    html = text(render_entity_page(page(tables=(table(**rows),))))
    assert says in html
    assert "Drawn are" not in html


def test_a_column_without_numbers_is_told_and_one_with_them_is_not():
    series = (Series("empty", ()), Series("full", ((START, 1.0),)))
    shown = text(render_entity_page(page(tables=(table(columns=("x",), rows=((1,),), total=1, series=series),))))
    assert "Not drawn: no row has a time and a number in empty ." in shown
    assert "in full" not in shown


def test_numbers_have_the_digits_that_they_are_stored_with():
    rows = {"columns": ("a", "b", "c", "d"), "rows": ((15.970999717712402, 1772313000.125, 3, None),), "total": 1}
    assert "15.971 1772313000.125 3" in text(render_entity_page(page(tables=(table(**rows),))))


def test_marks_are_where_their_times_are():
    marks = (Mark("a", "one", START), Mark("a", "", START + 10_000), Mark("b", "two", START + 2000, START + 7000))
    found = drawing.timeline([table(marks=marks)])
    assert (found.start, found.end, found.seconds) == ("2026-03-01T12:00:00.000Z", "2026-03-01T12:00:10.000Z", 10.0)
    assert [[(it.x, it.width) for it in lane.drawn] for lane in found.lanes] == [[(0, 0), (100, 0)], [(20, 50)]]
    assert [it.title for lane in found.lanes for it in lane.drawn] == [
        "one, 2026-03-01T12:00:00.000Z",
        "2026-03-01T12:00:10.000Z",
        "two, 2026-03-01T12:00:02.000Z to 2026-03-01T12:00:07.000Z",
    ]


def test_a_span_that_ends_before_it_starts_is_a_mark():
    found = drawing.timeline([table(marks=(Mark("a", "x", START + 5000, START), Mark("a", "y", START)))])
    assert [(it.x, it.width) for it in found.lanes[0].drawn] == [(100, 0), (0, 0)]


def test_one_moment_is_in_the_middle_and_nothing_is_no_timeline():
    assert drawing.timeline([table(marks=(Mark("a", "x", START),))]).lanes[0].drawn[0].x == 50
    assert drawing.timeline([table()]) is None
    assert drawing.charts([table(series=(Series("a", ()),))]) == ()


def test_lines_go_from_zero_to_the_greatest_number():
    (chart,) = drawing.charts([table(series=(Series("a", ((START, 5.0), (START + 1000, 20.0))),))])
    assert (chart.bottom, chart.top) == (0, 20)
    assert chart.lines[0].points == ((0, 75), (100, 0))
    assert (chart.lines[0].least, chart.lines[0].greatest, chart.lines[0].last) == (5, 20, 20)
    (below,) = drawing.charts([table(series=(Series("a", ((START, -5.0), (START + 1000, -1.0))),))])
    assert (below.bottom, below.top) == (-5, 0)


def test_of_many_marks_and_points_some_are_drawn_and_the_page_says_so():
    many = range(2000)
    marks = tuple(Mark("lane", "", START + n) for n in many)
    series = (Series("a", tuple((START + n, float(n)) for n in many)),)
    html = text(render_entity_page(page(tables=(table(marks=marks, series=series),))))
    assert "lane: 400 of 2,000 rows are drawn, evenly spread." in html
    assert "a: 0.00 to 1999.00, 500 of 2,000 values drawn" in html


def test_a_number_that_is_no_time_is_shown_as_it_is():
    assert moment(START) == "2026-03-01T12:00:00.000Z"
    assert moment(10**18) == "1000000000000000000"
