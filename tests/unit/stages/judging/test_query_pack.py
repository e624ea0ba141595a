"""Stage `query_pack`: what cannot be asked is told, and stops nothing; mode observe skips what only a run has."""

from __future__ import annotations

import json
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from streamproof.checks.query_pack import QueryResult
from streamproof.model.errors import WarehouseError
from streamproof.model.results import Status
from streamproof.model.window import Window
from streamproof.runs.folder import RunFolder
from streamproof.stages.judging import query_pack

ABSENT = "trace.sql:1: relation does not exist (UNKNOWN_TABLE)"


@pytest.fixture
def observed(monkeypatch, tmp_path):
    """Observe a warehouse that lacks some tables of a run; `errors` are those of the queries by name."""

    @contextmanager
    def warehouse():
        yield None

    def run(absent: list[str], errors: dict[str, str]):
        files = {"served": "SELECT count(*) FROM replay_ledger", "stored": "SELECT count(*) FROM trades"}
        queries = []
        for name, text in files.items():
            path = tmp_path / f"{name}.sql"
            path.write_text(f"{text};\n")
            queries.append(SimpleNamespace(name=name, sql=text, source=str(path)))
        found = tuple(QueryResult(query.name, query.source, (), (), errors.get(query.name), 0.0) for query in queries)
        monkeypatch.setattr(query_pack, "trace_queries", lambda _: tuple(queries))
        monkeypatch.setattr(query_pack, "run_queries", lambda *_: found)
        ctx = SimpleNamespace(
            window=Window.parse("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"),
            folder=RunFolder(tmp_path / "run"),
            plan=SimpleNamespace(observes=True),
            warehouse=warehouse,
            stage_details=lambda _: {"absent_run_only_tables": absent},
            log=lambda _: None,
        )
        return query_pack.run(ctx)

    return run


def test_a_query_of_a_table_that_only_a_run_has_is_skipped(observed):
    outcome = observed(["replay_ledger"], {"served": ABSENT})
    assert outcome.status is Status.PASSED
    assert [query["skipped"] for query in outcome.details["queries"]] == ["replay_ledger, which only a run makes", ""]


@pytest.mark.parametrize(
    ("absent", "errors"),
    [([], {"served": ABSENT}), (["replay_ledger"], {"stored": ABSENT}), (["replay_ledger"], {"served": "no right"})],
)
def test_every_other_error_is_told_and_the_checks_still_run(observed, absent, errors, tmp_path):
    outcome = observed(absent, errors)
    assert outcome.status is Status.PASSED
    [name] = errors
    assert [query["name"] for query in outcome.details["queries"] if query["error"]] == [name]
    index = json.loads((tmp_path / "run/query_pack/index.json").read_text())
    told = {entry["name"]: (entry["status"], entry["error"]) for entry in index["queries"]}
    assert told == {"served": ("answered", None), "stored": ("answered", None), name: ("error", errors[name])}


def test_the_rows_of_layers_are_counted_but_not_those_that_are_compared():
    class Warehouse:
        def row_counts(self, tables):
            if "gone" in tables:
                raise WarehouseError("there is no table gone", hint="")
            return dict.fromkeys(tables, 3)

    logged = []
    ctx = SimpleNamespace(
        plan=SimpleNamespace(oracle=True),
        files=SimpleNamespace(parity=(SimpleNamespace(name="compared"),)),
        pack=SimpleNamespace(layers={"raw": ("a", "compared"), "typed": ("compared",), "views": ("gone",)}),
        log=logged.append,
    )
    assert query_pack.rows_by_layer(ctx, Warehouse()) == {"raw": {"a": 3}}
    assert logged == ["the rows of layer views are not counted: there is no table gone"]
    ctx.plan.oracle = False
    assert query_pack.rows_by_layer(ctx, Warehouse()) == {
        "raw": {"a": 3, "compared": 3},
        "typed": {"compared": 3},
    }
