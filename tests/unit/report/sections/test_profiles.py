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


def test_a_query_without_times_has_no_profile(samples):
    assert found_in(samples, []) == ()
    assert found_in(samples, [{"hour": "soon", "n": 1}]) == ()
    assert found_in(samples, [{"hour": "2026-03-01", "n": 1}], column="") == ()
