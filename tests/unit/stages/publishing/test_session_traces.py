"""Sessions that failed checks name are traced into the run's diagnostics: bounded, and nothing is ever raised."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamproof.checks.session_trace import SessionTrace
from streamproof.model.errors import UsageError, WarehouseError
from streamproof.model.results import CheckResult, Status
from streamproof.runs.context import RunContext
from streamproof.stages.publishing import session_traces
from streamproof.stages.publishing.session_traces import file_stem, session_links, trace_failing_sessions


def failing(*sessions: str, name: str = "x") -> CheckResult:
    return CheckResult("raw_typed", name, Status.FAILED, sessions=sessions)


@pytest.fixture
def traced(planned, monkeypatch) -> RunContext:
    """A planned run whose sessions are all known, without a warehouse; session `ghost` is not."""

    def trace(_client: object, _queries: object, session: str, **_options: object) -> SessionTrace:
        if session == "ghost":
            raise UsageError("There is no session 'ghost'.", hint="h")
        return SessionTrace(session, "db", {}, ())

    @contextmanager
    def no_client(_ctx: RunContext, *, cached: bool = False) -> Any:
        assert cached, "each session would have every view computed again"
        yield object()

    monkeypatch.setattr(session_traces, "trace_session", trace)
    monkeypatch.setattr(RunContext, "warehouse", no_client)
    return planned()


def test_each_session_gets_two_files_that_name_its_checks(traced):
    index = trace_failing_sessions(traced, [failing("a|1", "b|2"), failing("a|1", name="y")])
    assert list(index["traced"]) == ["a|1", "b|2"]
    entry = index["traced"]["a|1"]
    assert entry["checks"] == ["raw_typed.x", "raw_typed.y"]
    document = json.loads((traced.folder.root / entry["json"]).read_text())
    assert (document["workflow_session_id"], document["checks"]) == ("a|1", entry["checks"])
    assert "Named by raw_typed.x, raw_typed.y in run r1" in (traced.folder.root / entry["text"]).read_text()
    assert session_links(traced.folder, traced.log) == {
        session: files["text"] for session, files in index["traced"].items()
    }


def test_what_is_not_known_is_named_and_hides_no_other(traced):
    index = trace_failing_sessions(traced, [failing("ghost", "a|1")])
    assert list(index["traced"]) == ["a|1"]
    assert index["not_traced"] == {"ghost": "There is no session 'ghost'."}


def test_the_first_are_traced_and_the_others_named(traced, monkeypatch):
    monkeypatch.setattr(session_traces, "MOST_SESSIONS", 3)
    index = trace_failing_sessions(traced, [failing(*(f"s|{number}" for number in range(5)))])
    assert list(index["traced"]) == ["s|0", "s|1", "s|2"]
    assert index["not_traced"] == {f"s|{number}": "only the first 3 are traced" for number in (3, 4)}


def test_tracing_ends_when_its_time_is_up(traced, monkeypatch):
    monkeypatch.setattr(session_traces, "MOST_SEC", -1.0)
    assert list(trace_failing_sessions(traced, [failing("a|1")])["not_traced"]) == ["a|1"]


def test_a_warehouse_that_is_gone_is_named_not_raised(planned):
    ctx = planned()
    index = trace_failing_sessions(ctx, [failing("a|1", "b|2")])
    assert index["traced"] == {}
    assert set(index["not_traced"]) == {"a|1", "b|2"}
    assert "has no stack" in index["not_traced"]["a|1"]


def test_a_warehouse_that_dies_meanwhile_leaves_what_was_traced(traced, monkeypatch):
    whole = session_traces.trace_session

    def dying(client: object, queries: object, session: str, **options: object) -> SessionTrace:
        if session == "b|2":
            raise WarehouseError("it died", hint="h")
        return whole(client, queries, session, **options)

    monkeypatch.setattr(session_traces, "trace_session", dying)
    index = trace_failing_sessions(traced, [failing("a|1", "b|2")])
    assert (list(index["traced"]), index["not_traced"]) == (["a|1"], {"b|2": "it died"})


def test_without_sessions_nothing_is_written(planned):
    ctx = planned()
    assert trace_failing_sessions(ctx, [failing()]) == {"traced": {}, "not_traced": {}}
    assert not ctx.folder.diagnostics.exists()
    assert session_links(ctx.folder, ctx.log) == {}


@settings(deadline=None)
@given(st.lists(st.text(max_size=120), unique=True, max_size=8))
def test_every_session_has_a_safe_file_of_its_own(sessions):
    stems = [file_stem(session) for session in [*sessions, "a|b", "a_b", "a|b|c", "../up"]]
    assert len(set(stems)) == len({*sessions, "a|b", "a_b", "a|b|c", "../up"})
    for stem in stems:
        assert "/" not in stem
        assert not stem.startswith(".")
        assert len(stem) <= 90


def test_an_ordinary_session_id_stays_readable():
    assert file_stem("strm-312e4cd9|499a3f95") == "strm-312e4cd9_499a3f95"
