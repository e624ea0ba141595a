"""What a client gets from a source, with and without faults, and what the ledger says about it."""

from __future__ import annotations

import pytest

from streamproof.model.errors import StackError
from streamproof.transport.http.answering import GONE, LARGEST_REQUEST, first_messages
from streamproof.transport.http.ledger import read_requests
from streamproof.transport.served import Span

WHOLE = b"headaaaabbbbcccc"


def fault(do, **where):
    return {"planned": {"do": do, **where}}


def test_an_answer_without_a_fault_is_the_apps(source):
    served = source()
    got = served.ask(body=b"schema=trades&symbols=ES.c.0%2CCL.c.0&key=db-secret", query=b"limit=3")
    assert got == (200, {"content-length": "16"}, WHOLE, True)
    (request,) = served.requests()
    assert (request.method, request.path, request.status, request.size) == ("POST", "/range", 200, 16)
    assert request.whole
    assert request.fault == ""
    assert request.spans == (Span("a.bin", 0, 3),)
    # The ledger is readable, and has no key.
    assert request.asked == "limit=3\nschema=trades&symbols=ES.c.0,CL.c.0&key=***"


def test_a_planned_answer_replaces_the_apps(source):
    served = source(
        fault({"kind": "answer", "status": 429, "headers": {"Retry-After": "1"}, "body": '{"detail": "no"}'})
    )
    got = served.ask()
    assert (got.status, got.headers["retry-after"], got.body) == (429, "1", b'{"detail": "no"}')
    assert got.headers["content-type"] == "application/json"
    (request,) = served.requests()
    assert (request.status, request.size, request.whole, request.spans) == (429, 16, False, ())
    assert request.fault == "planned"


def test_a_planned_status_keeps_the_apps_body(source):
    served = source(fault({"kind": "status", "status": 206}))
    assert served.ask()[::2] == (206, WHOLE)
    assert served.requests()[0].whole


def test_a_cut_answer_never_ends(source):
    served = source(fault({"kind": "cut", "share": 0.6}))
    got = served.ask()
    # The client can see from the length that something is missing.
    assert got == (200, {"content-length": "16"}, b"headaaaab", False)
    (request,) = served.requests()
    assert (request.size, request.whole, request.fault) == (9, False, "planned")


def test_a_clean_cut_ends_well_between_two_messages(source):
    served = source(fault({"kind": "cut_clean", "share": 0.6}))
    got = served.ask()
    # Nothing tells the client: no length, a good end, and every message it got is whole.
    assert got == (200, {}, b"headaaaa", True)
    (request,) = served.requests()
    assert (request.size, request.whole) == (8, False)


def test_a_clean_cut_always_leaves_something_out():
    assert first_messages([b"whole"], 0.99) == b""
    assert first_messages([b"a", b"b"], 0.99) == b"a"


def test_a_slow_answer_is_the_apps_and_comes_later(source):
    served = source(fault({"kind": "slow", "before_sec": 0.01}))
    assert served.ask().body == WHOLE
    assert served.requests()[0].fault == "planned"


def test_a_client_that_goes_away_before_a_slow_answer_is_noted(source, monkeypatch):
    async def gone(_receive, _seconds):
        return True

    monkeypatch.setattr("streamproof.transport.http.answering._gone", gone)
    served = source(fault({"kind": "slow", "before_sec": 60}))
    with pytest.raises(IndexError):
        served.ask()  # nothing was sent
    (request,) = served.requests()
    assert (request.status, request.whole) == (GONE, False)


def test_only_the_calls_that_are_named_get_the_fault(source):
    served = source(fault({"kind": "answer", "status": 503}, path="/range", holds="schema=trades", calls=[2, 3]))
    trades = [served.ask(body=b"schema=trades").status for _ in range(4)]
    assert trades == [200, 503, 503, 200]
    assert [served.ask(body=b"schema=tbbo").status, served.ask("/cost", body=b"schema=trades").status] == [200, 200]


def test_a_fault_may_be_permanent(source):
    served = source(fault({"kind": "answer", "status": 401}, method="post", always=True))
    assert [served.ask().status for _ in range(3)] == [401] * 3
    assert served.ask(method="GET").status == 200


def test_the_first_of_two_faults_is_applied_and_both_count(source):
    served = source(
        {
            "first": {"do": {"kind": "answer", "status": 429}},
            "second": {"do": {"kind": "answer", "status": 504}, "calls": [1, 2]},
        }
    )
    assert [served.ask().status for _ in range(3)] == [429, 504, 200]


def test_the_failure_of_an_app_is_noted(source):
    served = source()
    with pytest.raises(RuntimeError, match="the app failed"):
        served.ask("/broken")
    (request,) = served.requests()
    assert (request.path, request.status, request.whole) == ("/broken", 500, False)


def test_a_request_that_is_too_large_is_refused(source):
    served = source()
    assert served.ask(body=b"x" * (LARGEST_REQUEST + 1)).status == 413
    assert [(request.status, request.asked) for request in served.requests()] == [(413, "")]


def test_an_answer_to_head_has_no_records(source):
    served = source()
    served.ask(method="HEAD")
    assert not served.requests()[0].whole


def test_a_broken_ledger_is_an_error_that_names_the_line(source):
    served = source()
    served.ask()
    with served.ledger.open("ab") as ledger:
        ledger.write(b'{"at": 1, "meth')
    with pytest.raises(StackError, match=r"requests\.jsonl:2"):
        list(read_requests(served.ledger))


def test_a_source_that_nobody_asked_has_no_requests(tmp_path):
    assert list(read_requests(tmp_path / "none.jsonl")) == []
