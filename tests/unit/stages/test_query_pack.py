"""Stage `query_pack` in mode observe: a trace query of a table that only a run has is skipped there."""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from streamproof.checks.query_pack import QueryResult
from streamproof.model.results import Status
from streamproof.stages import query_pack

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
            window=SimpleNamespace(query_parameters=dict),
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
def test_every_other_error_is_one(observed, absent, errors):
    assert observed(absent, errors).status is Status.ERRORED
