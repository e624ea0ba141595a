"""The trace of an event: which queries it uses, what makes an event known, and broken packs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from streamproof.checks import layer_queries
from streamproof.checks.event_trace import EventQueries, read_event_queries, trace_event
from streamproof.checks.query_pack import QueryResult
from streamproof.model.errors import SqlSourceError, UsageError, WarehouseError
from streamproof.packs.accounting import Accounting
from streamproof.sql.blocks import Block, parse_blocks
from streamproof.sql.dialects import CLICKHOUSE

CLIENT: Any = SimpleNamespace(database="warehouse")
IDS = {"tables": [{"table": "orders", "column": "order_id", "where": "kind = 'new'"}]}


def query(name: str, sql: str) -> Block:
    (block,) = parse_blocks(f"-- LAYER: raw\n-- QUERY: {name}\n{sql}", f"{name}.sql")
    return block


QUERIES = EventQueries(
    nearest=query("nearest", "SELECT 1 WHERE {event:String} != ''"),
    layers=(
        query("01_published", "SELECT 1 FROM ledger WHERE id = {event:String}"),
        query("02_raw", "SELECT 1 FROM t"),
    ),
)


def pack(tmp_path, accounting: dict[str, Any] | None = None) -> Any:
    return SimpleNamespace(
        dialect=CLICKHOUSE,
        name="shop",
        sql_dir=tmp_path,
        warehouse="clickhouse",
        accounting=Accounting.model_validate(accounting or {}),
        layers={"gold": ("orders",)},
    )


@pytest.fixture
def answers(monkeypatch):
    """Return a function that says what each query returns: rows, or an error as text."""

    def install(**given: list[tuple[Any, ...]] | str) -> None:
        def run_query(_client: object, block: Block, parameters: dict[str, object]) -> QueryResult:
            assert parameters == {"event": "e"}
            answer = given.get(block.name.split("_")[-1], [])
            rows, error = ((), answer) if isinstance(answer, str) else (tuple(answer), None)
            return QueryResult(block.name, block.source, ("a",), rows, error, 0.0)

        monkeypatch.setattr(layer_queries, "run_query", run_query)

    return install


def test_an_event_that_any_layer_has_is_known(answers):
    answers(raw=[("x",)], published="no such table. (UNKNOWN_TABLE)")
    trace = trace_event(CLIENT, QUERIES, "e", run_only_tables=("ledger",))
    assert trace.broken == ()
    assert [(entry["layer"], entry["name"], len(entry["rows"])) for entry in trace.as_json()["layers"]] == [
        ("raw", "01_published", 0),
        ("raw", "02_raw", 1),
    ]
    assert trace.as_json()["layers"][0]["skipped"] == "ledger, which only a run makes"


def test_an_unknown_event_names_the_nearest(answers):
    answers(nearest=[("e1",), ("e2",)])
    with pytest.raises(UsageError, match="There is no event 'e' in database warehouse") as raised:
        trace_event(CLIENT, QUERIES, "e")
    assert raised.value.hint == "The nearest: e1, e2."


def test_nothing_found_where_queries_break_is_no_unknown_event(answers):
    answers(raw="t is gone")
    with pytest.raises(WarehouseError, match=r"Event 'e' cannot be looked for .* The first: t is gone"):
        trace_event(CLIENT, QUERIES, "e")


def test_without_files_the_queries_follow_from_the_accounting(tmp_path):
    queries = read_event_queries(pack(tmp_path, {"ids": IDS}), home=tmp_path)
    assert [(block.layer, block.name) for block in queries.layers] == [("published", "published"), ("gold", "orders")]
    assert "kind = 'new'" in queries.layers[1].sql


def test_a_pack_that_does_not_say_where_ids_are_is_named(tmp_path):
    with pytest.raises(UsageError, match="Pack shop does not say where the id of an event stands") as raised:
        read_event_queries(pack(tmp_path), home=tmp_path)
    assert "accounting.ids" in raised.value.hint


@pytest.mark.parametrize(
    "files",
    [
        {"01_raw": "-- QUERY: 01_raw\nSELECT 1"},
        {"nearest": "-- QUERY: nearest\nSELECT 1"},
        {"nearest": "-- QUERY: nearest\nSELECT 1", "01_raw": "-- TEST: a\nSELECT 1"},
    ],
)
def test_a_broken_folder_is_named(tmp_path, files):
    (tmp_path / "event").mkdir()
    for name, text in files.items():
        (tmp_path / "event" / f"{name}.sql").write_text(text)
    with pytest.raises(SqlSourceError):
        read_event_queries(pack(tmp_path, {"ids": IDS}), home=tmp_path)
