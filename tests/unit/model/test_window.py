"""Windows and times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamproof.model.errors import UsageError
from streamproof.model.window import EARLIEST, LATEST, Window, from_epoch_ms, iso_ms, parse_utc

MOMENTS = st.datetimes(datetime(1970, 1, 2), datetime(2105, 1, 1), timezones=st.just(UTC))
MILLISECOND = timedelta(milliseconds=1)
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-02-25T16:00:00Z", "2026-02-25T16:00:00.000Z"),
        ("2026-02-25T16:00:00", "2026-02-25T16:00:00.000Z"),
        ("2026-02-25", "2026-02-25T00:00:00.000Z"),
        (" 2026-02-25T17:30:00+01:30 ", "2026-02-25T16:00:00.000Z"),
        ("2026-02-25T16:00:00.123456Z", "2026-02-25T16:00:00.123Z"),
    ],
)
def test_times_are_read_as_utc(text, expected):
    assert iso_ms(parse_utc(text)) == expected


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2026-02-30", "25.02.2026", "1772035200", "0001-01-01T00:00+05:00", "9999-12-31T23:00-05:00"],
)
def test_what_is_not_a_time_is_refused_with_a_hint(text):
    with pytest.raises(UsageError, match="not an ISO-8601 time") as caught:
        parse_utc(text)
    assert "--from-ts" in caught.value.hint
    assert caught.value.exit_code == 2


@given(MOMENTS, ZONES)
def test_a_time_survives_any_zone(moment, zone):
    assert parse_utc(moment.astimezone(zone).isoformat()) == moment


@given(st.integers(0, 7_258_118_400_000))
def test_epoch_milliseconds_are_exact(milliseconds):
    moment = from_epoch_ms(milliseconds)
    assert (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1) == milliseconds
    assert parse_utc(iso_ms(moment)) == moment
    assert len(iso_ms(moment)) == len("2026-02-25T16:00:00.000Z")


@pytest.mark.parametrize("ends", [("2026-01-02", "2026-01-01"), ("2026-01-01", "2026-01-01")])
def test_an_empty_window_is_refused(ends):
    with pytest.raises(UsageError, match="The window is empty"):
        Window.parse(*ends)


@given(MOMENTS, st.integers(1, 10**9))
def test_a_window_round_trips_through_its_json_and_its_parameters(start, length_ms):
    start = start.replace(microsecond=start.microsecond // 1000 * 1000)
    window = Window(start, start + timedelta(milliseconds=length_ms))
    assert (
        Window.parse(
            **{f"{end}_text": text for end, text in zip(("from", "to"), window.as_json().values(), strict=True)}
        )
        == window
    )
    for text, moment in zip(window.query_parameters().values(), (window.from_ts, window.to_ts), strict=True):
        assert datetime.strptime(text + "000 +0000", "%Y-%m-%d %H:%M:%S.%f %z") == moment


@pytest.mark.parametrize(
    ("ends", "accepted"),
    [
        ((EARLIEST, LATEST), True),
        ((EARLIEST, EARLIEST + MILLISECOND), True),
        ((LATEST - MILLISECOND, LATEST), True),
        ((EARLIEST - MILLISECOND, LATEST), False),
        ((EARLIEST, LATEST + timedelta(microseconds=1)), False),
        ((LATEST, LATEST + MILLISECOND), False),
        ((datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)), False),
    ],
)
def test_a_window_beyond_what_dates_hold_is_refused_with_the_limits(ends, accepted):
    if accepted:
        assert Window(*ends).to_ts == ends[1]
        return
    with pytest.raises(UsageError, match="beyond what a warehouse's dates hold") as caught:
        Window(*ends)
    assert iso_ms(EARLIEST) in caught.value.hint
    assert iso_ms(LATEST) in caught.value.hint
    assert caught.value.exit_code == 2


def test_a_fraction_of_a_millisecond_moves_no_event_in_or_out():
    window = Window.parse("2026-01-01T00:00:00.0001Z", "2026-01-01T00:00:00.0019Z")
    assert window.as_json() == {"from_ts": "2026-01-01T00:00:00.001Z", "to_ts": "2026-01-01T00:00:00.002Z"}
    with pytest.raises(UsageError, match="The window is empty"):
        Window.parse("2026-01-01T00:00:00.0001Z", "2026-01-01T00:00:00.0009Z")


def test_looking_back_ends_now_and_must_be_positive():
    now = datetime(2026, 1, 2, tzinfo=UTC)
    assert Window.looking_back(24, now=now).as_json() == {
        "from_ts": "2026-01-01T00:00:00.000Z",
        "to_ts": "2026-01-02T00:00:00.000Z",
    }
    for hours in (0, -1):
        with pytest.raises(UsageError):
            Window.looking_back(hours, now=now)
