"""Insert requests and the notes about batches in flight."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.livepeer.batches import Span, requests
from pipelines.livepeer.lifecycle.tables import STATUS_SAMPLES

SPAN = Span("events", 0, 10, 20, 1_790_000_000_000)


@given(st.lists(st.binary(min_size=1, max_size=30).map(lambda text: text.replace(b"\n", b"_")), max_size=40))
def test_requests_hold_every_row_once_in_order_within_the_limits(lines: list[bytes]) -> None:
    made = list(requests(SPAN, "t", lines, max_rows=7, max_bytes=64))

    assert b"\n".join(request.body for request in made) == b"\n".join(lines)
    assert len({request.token for request in made}) == len(made)
    for request in made:
        rows = request.body.split(b"\n")
        assert len(rows) <= 7
        assert len(rows) == 1 or sum(map(len, rows)) <= 64


def test_the_token_is_that_of_the_table_and_the_span() -> None:
    [request] = requests(SPAN, "t", [b"[1]"], 10, 100)

    assert request.token.startswith("t|events|0|10-20|0|1|")
    assert [request] == list(requests(SPAN._replace(now_ms=5), "t", [b"[1]"], 10, 100))


@pytest.mark.parametrize("other", [SPAN._replace(last=21), SPAN._replace(partition=1), SPAN._replace(topic="e")])
def test_another_span_has_another_token(other: Span) -> None:
    assert list(requests(SPAN, "t", [b"[1]"], 10, 100)) != list(requests(other, "t", [b"[1]"], 10, 100))


def test_other_rows_of_the_same_span_are_never_taken_for_the_same() -> None:
    [one], [two] = requests(SPAN, "t", [b"[1]"], 10, 100), requests(SPAN, "t", [b"[2]"], 10, 100)

    assert one.token != two.token


def test_silver_rows_of_the_same_records_are_taken_once_whatever_is_known_of_their_hosts() -> None:
    def token(*rows: bytes) -> str:
        [request] = requests(SPAN, STATUS_SAMPLES, list(rows), 10, 1000)
        return request.token

    first = token(b'["s","0xa","events",0,10]', b'["s","0xa","events",0,12]')

    assert first == token(b'["s","","events",0,10]', b'["s","","events",0,12]')
    assert first != token(b'["s","0xa","events",0,10]', b'["s","0xa","events",0,11]')


def test_a_note_comes_back_as_it_was() -> None:
    assert Span.from_journal("events", 0, SPAN.journal()) == SPAN


@given(st.none() | st.text() | st.integers().map(str) | st.lists(st.text()).map(str))
def test_a_foreign_note_is_no_note(note: str | None) -> None:
    assert Span.from_journal("events", 0, note) is None
