"""`streamproof trace`: the rows in the form that is asked for, on stdout or as files."""

from __future__ import annotations

import json
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from streamproof.cli.commands.showing import trace
from streamproof.model.errors import WarehouseError
from streamproof.sql.dialects import CLICKHOUSE
from streamproof.warehouse.values import Answer


@pytest.fixture
def warehouse(monkeypatch, project):
    """A warehouse in which every query finds the same two rows, but for those that name `gone`."""

    def query(sql, *_args, **_options):
        if "gone" in sql:
            raise WarehouseError("there is no table gone", hint="")
        return Answer(("id", "n"), [("=a", 1), (None, 2)])

    @contextmanager
    def connected():
        yield SimpleNamespace(needs_of=lambda sql: "", query=query)

    pack = SimpleNamespace(sql_dir=project, dialect=CLICKHOUSE)
    chosen = SimpleNamespace(pack=pack, window=None, connected=connected)
    monkeypatch.setattr(trace, "chosen_warehouse", lambda *_: chosen)
    (project / "one.sql").write_text("-- QUERY: one\nSELECT 1\n")
    (project / "two.sql").write_text("-- QUERY: two\nSELECT * FROM gone\n")
    return project


def test_one_query_is_csv_on_stdout(call, warehouse):
    told = call("trace", "--sql-file", warehouse / "one.sql", "--format", "csv")
    assert (told.code, told.out) == (0, "\ufeffid,n\n'=a,1\n,2\n")


def test_markdown_is_on_stdout_and_errors_are_on_stderr(call, warehouse):
    files = ("--sql-file", warehouse / "one.sql", "--sql-file", warehouse / "two.sql")
    told = call("trace", *files, "--format", "markdown")
    assert told.out.splitlines() == ["## one", "", "| id | n |", "| --- | --- |", "| =a | 1 |", "|  | 2 |", ""]
    assert "two: there is no table gone" in told.err
    assert told.code == 3


def test_json_is_the_same_by_either_option(call, warehouse):
    files = ("--sql-file", warehouse / "one.sql")
    told = call("trace", *files, "--format", "json")
    rows = [{"id": "=a", "n": 1}, {"id": None, "n": 2}]
    assert [query["rows"] for query in told.document["queries"]] == [rows]
    assert set(told.document) == set(call("trace", *files, "--json").document)


def test_a_folder_holds_a_file_a_query_and_an_index(call, warehouse):
    files = ("--sql-file", warehouse / "one.sql", "--sql-file", warehouse / "two.sql")
    told = call("trace", *files, "--format", "csv", "--out", warehouse / "out", "--json")
    assert told.code == 3
    assert told.document == json.loads((warehouse / "out/index.json").read_text())
    assert {path.name for path in (warehouse / "out").iterdir()} == {"index.json", "one.csv"}
    told = call("trace", *files, "--format", "markdown", "--out", warehouse / "other")
    assert told.out.splitlines() == [
        "one: 2 rows: one.md", "two: 0 rows: there is no table gone", str(warehouse / "other/index.json"),
    ]  # fmt: skip


def test_json_and_another_form_are_not_both_on_stdout(call, warehouse):
    told = call("trace", "--sql-file", warehouse / "one.sql", "--format", "markdown", "--json")
    assert told.code == 2
    assert told.document["error"] == "--json and --format markdown cannot both be on stdout."
