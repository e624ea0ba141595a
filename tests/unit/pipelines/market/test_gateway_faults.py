from __future__ import annotations

import time

import pytest

from .faults import RANGE, answers, cut, half

COUNTS = "SELECT count(*) FROM trades_data"
PASSING = {
    "429": lambda times: answers(429, times=times, headers={"Retry-After": "0"}),
    "500": lambda times: answers(500, times=times),
    "503": lambda times: answers(503, times=times),
    "504": lambda times: answers(504, times=times),
    "cut in the stream": lambda times: cut(keep=2, times=times, clean=False),
    "cut between two records with a clean end": lambda times: cut(keep=2, times=times, clean=True),
    "metadata only": lambda times: cut(keep=1, times=times, clean=True),
    "nothing at all": lambda times: cut(keep=0, times=times, clean=True),
    "cut in a frame with a clean end": lambda times: half(times=times),
}


@pytest.mark.parametrize("name", PASSING)
def test_a_fault_that_passes_costs_no_record(market, loaded, name):
    market.gateway.fault = PASSING[name](1)
    totals = market.run_trades()
    # The count that the undisturbed run has of this day.
    day = loaded["golden"].value(
        "SELECT records_served FROM download_progress WHERE chunk_identifier LIKE 'GLBX.MDP3/trades/%/20240115T%'"
    )
    assert (totals["served"], totals["changed"], totals["downloads"]) == (day, day, 2)
    assert market.gateway.requests[RANGE] == 2
    assert market.errors.count(" WARNING ") == 1


@pytest.mark.parametrize("name", PASSING)
def test_a_fault_that_stays_fails_the_run_and_loads_nothing(market, name):
    market.gateway.fault = PASSING[name](99)
    market.run_trades(code=1)
    assert market.gateway.requests[RANGE] == 3
    assert market.value(COUNTS) == market.value("SELECT count(*) FROM download_progress") == 0
    assert market.errors.count(" ERROR ") == 1 and "It was tried 3 times." in market.errors


@pytest.mark.parametrize(
    ("status", "hint"),
    [(401, "Check DATABENTO_API_KEY."), (402, "credit"), (403, "licence"), (422, "Check the data set")],
)
def test_what_will_not_pass_is_not_tried_again(market, status, hint):
    market.gateway.fault = answers(status, times=99)
    market.run_trades(code=2)
    assert market.gateway.requests[RANGE] == 1
    assert hint in market.errors


def test_a_service_that_asks_for_a_pause_gets_it(market):
    market.gateway.fault = answers(429, times=1, headers={"Retry-After": "1"})
    begun = time.monotonic()
    market.run_trades()
    assert time.monotonic() - begun >= 1
    assert "attempt 2 follows in 1.0 s" in market.errors


def test_a_pause_that_is_too_long_is_not_waited_for(market):
    market.gateway.fault = answers(429, times=1, headers={"Retry-After": "3600"})
    market.run_trades(code=1)
    assert market.gateway.requests[RANGE] == 1


def test_a_run_that_failed_is_continued_where_it_failed(market):
    market.gateway.fault = lambda path, number, *rest: (
        answers(500, times=99)(path, number, *rest) if path == RANGE and number > 20 else None
    )
    market.run_set(code=1)
    assert market.value("SELECT count(*) FROM download_progress") == 20
    market.gateway.requests.clear()
    market.gateway.fault = None
    totals = market.run_set()
    assert (totals["chunks"], totals["skipped"], market.gateway.requests[RANGE]) == (16, 20, 16)


def test_no_message_names_the_key(market):
    market.gateway.fault = answers(401, times=99)
    market.run_trades("--verbose", code=2)
    assert "db-0123456789" not in market.errors
