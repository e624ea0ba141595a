"""The trace of a session: whose rows make it known, what an absent table means, and broken packs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from streamproof.checks import layer_queries, session_trace
from streamproof.checks.query_pack import QueryResult
from streamproof.checks.session_trace import SessionQueries, read_session_queries, trace_session
from streamproof.model.errors import SqlSourceError, UsageError, WarehouseError
from streamproof.sql.blocks import Block, parse_blocks

CLIENT: Any = SimpleNamespace(database="warehouse")
GONE = "x.sql:1: Unknown table expression identifier 'ledger'. (UNKNOWN_TABLE)"


def query(name: str, sql: str) -> Block:
    (block,) = parse_blocks(f"-- LAYER: raw\n-- QUERY: {name}\n{sql}", f"{name}.sql")
    return block


QUERIES = SessionQueries(
    identity=query("identity", "SELECT {sid:String} AS ids"),
    nearest=query("nearest", "SELECT 1 WHERE {sid:String} != ''"),
    layers=(
        query("01_own", "SELECT 1 FROM t WHERE id = {sid:String}"),
        query("02_payments", "SELECT 1 FROM t WHERE request = {request_id:String}"),
        query("03_ledger", "SELECT 1 FROM ledger WHERE id = {ids:String}"),
    ),
)


@pytest.fixture
def answers(monkeypatch):
    """Return a function that says what each query returns: rows, or an error as text."""

    def install(**given: list[tuple[Any, ...]] | str) -> None:
        def run_query(_client: object, block: Block, parameters: dict[str, object]) -> QueryResult:
            assert block.parameter_names <= parameters.keys()
            answer = given.get(block.name.split("_")[-1], [])
            rows, error = ((), answer) if isinstance(answer, str) else (tuple(answer), None)
            columns = ("ids", "request_id") if block.name == "identity" else ("a",)
            return QueryResult(block.name, block.source, columns, rows, error, 0.0)

        for module in (session_trace, layer_queries):
            monkeypatch.setattr(module, "run_query", run_query)

    return install


def test_what_the_identity_says_becomes_parameters_of_the_others(answers):
    answers(identity=[("s|r", "r")], own=[("x",)])
    trace = trace_session(CLIENT, QUERIES, "s|r")
    assert trace.identity == {"ids": "s|r", "request_id": "r"}
    assert [entry["layer"] for entry in trace.as_json()["layers"]] == ["raw"] * 3


def test_rows_of_its_request_alone_do_not_make_a_session_known(answers):
    answers(identity=[("s|r", "r")], payments=[("x",)], nearest=[("s|q",), ("t|r",)])
    with pytest.raises(UsageError, match=r"no session 's\|r' in database warehouse") as caught:
        trace_session(CLIENT, QUERIES, "s|r")
    assert caught.value.hint == "The nearest: s|q, t|r."


def test_a_table_that_only_a_run_makes_may_be_absent(answers):
    answers(identity=[("s|r", "r")], own=[("x",)], ledger=GONE)
    trace = trace_session(CLIENT, QUERIES, "s|r", run_only_tables=("ledger",))
    assert trace.broken == ()
    assert trace.layers[2][1].skipped == "ledger, which only a run makes"
    (broken,) = trace_session(CLIENT, QUERIES, "s|r", run_only_tables=("other",)).broken
    assert broken.error == GONE


def test_nothing_found_where_queries_break_is_no_unknown_session(answers):
    answers(identity=[("s|r", "r")], own="t is not there")
    with pytest.raises(WarehouseError, match=r"1 of 3 queries cannot be run\. The first: t is not there"):
        trace_session(CLIENT, QUERIES, "s|r")


@pytest.mark.parametrize("identity", ["no server", [], [("a", "b"), ("c", "d")]])
def test_an_identity_that_says_nothing_is_an_error(answers, identity):
    answers(identity=identity)
    with pytest.raises(WarehouseError):
        trace_session(CLIENT, QUERIES, "s|r")


ONE = "-- QUERY: one\nSELECT 1"


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "holds no session query"),
        ({"01_a": ONE}, "cannot be read"),
        ({"identity": "-- TEST: a\nSELECT 1", "nearest": ONE, "01_a": ONE}, "exactly one QUERY"),
        ({"identity": f"{ONE}\n-- QUERY: two\nSELECT 2", "nearest": ONE, "01_a": ONE}, "exactly one QUERY"),
    ],
)
def test_a_broken_pack_is_named(tmp_path, files, said):
    for name, text in files.items():
        (tmp_path / f"{name}.sql").write_text(text)
    with pytest.raises(SqlSourceError, match=said):
        read_session_queries(tmp_path, home=tmp_path)


def test_the_shipped_queries_name_their_layers(home):
    queries = read_session_queries(home / "include/sql/livepeer/session", home=home)
    assert {query.layer for query in queries.layers} == {"raw", "typed", "silver", "sessions", "views"}
    names = [query.name for query in queries.layers]
    assert names == sorted(names)
    assert [query.source.rpartition("/")[2] for query in queries.layers] == [f"{name}.sql" for name in names]
