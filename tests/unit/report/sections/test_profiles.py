"""Profiles over time, from trace queries."""

from __future__ import annotations

import pytest

from streamproof.report.sections.profiles import MOST_TIMES, profiles


def found_in(samples, rows, column="hour"):
    entry = {"name": "by_hour", "profile": column, "rows": rows}
    return profiles({"query_pack": samples.stage("query_pack", details={"queries": [entry]})})


def test_each_number_is_a_chart_and_hours_without_a_row_stay_empty(samples):
    rows = [
        {"hour": "2026-03-01T04:00:00.000Z", "events": 4, "name": "late"},
        {"hour": "2026-03-01T00:00:00.000Z", "events": 1, "name": "early"},
        {"hour": "2026-03-01T01:00:00.000Z", "events": 2, "name": "early"},
    ]
    [profile] = found_in(samples, rows)
    [series] = profile.series
    assert (profile.first, profile.last, profile.times) == ("2026-03-01 00:00", "2026-03-01 04:00", 3)
    assert (series.name, series.greatest, series.total) == ("events", 4, 7)
    assert [bar.start for bar in series.bars] == [0, 20, 80]
    assert [bar.height for bar in series.bars] == [25, 50, 100]
    assert series.bars[0].title == "2026-03-01 00:00: 1"


def test_what_is_not_drawn_is_counted(samples):
    rows = [{"hour": f"{1900 + number}-01-01", "n": 1} for number in range(MOST_TIMES + 3)]
    [profile] = found_in(samples, rows)
    assert (profile.left_out, len(profile.series[0].bars)) == (3, MOST_TIMES)


@pytest.mark.parametrize("value", [None, "x", True, float("nan"), float("inf"), 10**400, [], {}], ids=repr)
def test_what_is_no_number_has_no_bar(samples, value):
    [profile] = found_in(samples, [{"hour": "2026-03-01", "n": value}, {"hour": "2026-03-02", "n": 5}])
    assert [bar.height for bar in profile.series[0].bars] == [100]


def test_values_below_zero_are_drawn_below_it(samples):
    rows = [{"hour": f"2026-03-01T0{number}:00:00Z", "n": value} for number, value in enumerate((15, -5, 0))]
    [profile] = found_in(samples, rows)
    [series] = profile.series
    assert (series.least, series.greatest, series.total, series.zero) == (-5, 15, 10, 25)
    assert [(bar.bottom, bar.height) for bar in series.bars] == [(25, 75), (0, 25)]
    assert series.bars[1].title == "2026-03-01 01:00: -5"


def test_values_that_are_all_below_zero_hang_from_the_top(samples):
    [profile] = found_in(samples, [{"hour": "2026-03-01", "n": -4}, {"hour": "2026-03-02", "n": -2}])
    [series] = profile.series
    assert (series.least, series.greatest, series.zero) == (-4, -2, 100)
    assert [(bar.bottom, bar.height) for bar in series.bars] == [(0, 100), (50, 50)]


def test_decimals_which_json_holds_as_text_are_numbers_and_names_are_told(samples):
    rows = [
        {"hour": "2026-03-01", "price": "1.50", "name": "7", "rate": "NaN"},
        {"hour": "2026-03-02", "price": "-3.00", "name": "seven", "rate": "0.5"},
        {"hour": "2026-03-03", "price": None, "name": "7", "rate": None},
    ]
    [profile] = found_in(samples, rows)
    assert [(series.name, series.least, series.greatest) for series in profile.series] == [
        ("price", -3.0, 1.5),
        ("rate", 0.5, 0.5),
    ]
    assert profile.without_numbers == ("name",)


def test_numbers_near_the_greatest_float_stay_in_the_drawing(samples):
    [profile] = found_in(samples, [{"hour": "2026-03-01", "n": 1e308}, {"hour": "2026-03-02", "n": -1e308}])
    assert all(0 <= bar.height <= 100 for bar in profile.series[0].bars)


def test_a_query_without_times_has_no_profile(samples):
    assert found_in(samples, []) == ()
    assert found_in(samples, [{"hour": "soon", "n": 1}]) == ()
    assert found_in(samples, [{"hour": "2026-03-01", "n": 1}], column="") == ()
