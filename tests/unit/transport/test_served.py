"""Which records of a fixture set a pipeline has got, by the requests that it made."""

from __future__ import annotations

from streamproof.transport.served import ServedRequest, Span, never_served, records_served


def request(*spans, whole=True):
    return ServedRequest(0.0, "GET", "/", "", 200, 1, whole=whole, spans=tuple(Span(*span) for span in spans))


def test_ranges_that_touch_are_one():
    requests = [
        request(("a", 10, 20), ("b", 0, 1)),
        request(("a", 0, 5)),
        request(("a", 5, 10)),
        request(("a", 12, 14)),
    ]
    assert records_served(requests) == {"a": [(0, 20)], "b": [(0, 1)]}


def test_ranges_with_a_gap_stay_apart():
    assert records_served([request(("a", 0, 5)), request(("a", 6, 7), ("a", 3, 3))]) == {"a": [(0, 5), (6, 7)]}


def test_an_answer_that_was_not_whole_has_served_nothing():
    assert never_served([request(("a", 0, 3), whole=False)], {"a": 3}) == {"a": 3}


def test_what_no_answer_held_is_counted_by_file():
    requests = [request(("a", 0, 2)), request(("a", 3, 9), ("other", 0, 5))]
    assert never_served(requests, {"a": 5, "b": 2, "other": 5}) == {"a": 1, "b": 2}


def test_nothing_is_missing_once_everything_was_served():
    assert never_served([request(("a", 0, 3))], {"a": 3, "empty": 0}) == {}
