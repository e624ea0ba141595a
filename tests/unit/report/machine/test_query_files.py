"""The files of a query pack: one a query and format, and an index that says what there is and what there is not."""

from __future__ import annotations

import json

import pytest

from streamproof.model.errors import UsageError
from streamproof.model.window import Window
from streamproof.report.machine.query_files import FORMATS, write_query_files
from streamproof.report.machine.tables import Table

BOTH = (FORMATS["json"], FORMATS["csv"])


def table(name: str, rows: int = 2, **changes: object) -> Table:
    return Table(name, f"sql/{name}.sql", ("n",), ("integer",), tuple((n,) for n in range(rows)), rows, **changes)


def test_each_query_has_its_files_and_the_index_says_what_is_in_them(tmp_path):
    tables = [
        table("01_raw"),
        table("02_many", rows=7),
        Table("03_broken", "s", (), (), (), 0, error="no such table"),
        Table("04_absent", "s", (), (), (), 0, skipped="a ledger"),
    ]
    window = Window.parse("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z")
    index = write_query_files(tables, tmp_path / "out", BOTH, window, most_rows=5)
    assert json.loads((tmp_path / "out/index.json").read_text()) == index
    assert (index["from_ts"], index["to_ts"]) == ("2026-03-01T00:00:00.000Z", "2026-03-02T00:00:00.000Z")
    told = [(entry["status"], entry["rows"], entry["rows_written"], entry["truncated"]) for entry in index["queries"]]
    assert told == [
        ("answered", 2, 2, False), ("answered", 7, 5, True), ("error", 0, 0, False), ("skipped", 0, 0, False),
    ]  # fmt: skip
    assert index["queries"][0]["files"] == {"json": "01_raw.json", "csv": "01_raw.csv"}
    assert index["queries"][0]["columns"] == [{"name": "n", "type": "integer"}]
    assert [index["queries"][2]["error"], index["queries"][3]["needs"]] == ["no such table", "a ledger"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "01_raw.csv", "01_raw.json", "02_many.csv", "02_many.json", "index.json",
    ]  # fmt: skip
    many = json.loads((tmp_path / "out/02_many.json").read_text())
    assert (many["rows"], many["total_rows"], many["truncated"]) == ([[0], [1], [2], [3], [4]], 7, True)


def test_any_name_of_a_query_is_a_file_of_its_own_in_the_folder(tmp_path):
    names = ["../../up", "a b", "a-b", "A-B", "index", "…", "x" * 500, ".hidden"]
    index = write_query_files([table(name) for name in names], tmp_path / "out", (FORMATS["json"],), None)
    files = [entry["files"]["json"] for entry in index["queries"]]
    assert files[:6] == ["up.json", "a-b.json", "a-b-2.json", "A-B-3.json", "index-2.json", "query.json"]
    assert len({file.lower() for file in files}) == len(names)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {*files, "index.json"}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert index["from_ts"] is None


def test_a_folder_is_replaced_only_on_request(tmp_path):
    write_query_files([table("old")], tmp_path / "out", BOTH, None)
    with pytest.raises(UsageError, match="is there already"):
        write_query_files([table("new")], tmp_path / "out", BOTH, None)
    write_query_files([table("new")], tmp_path / "out", BOTH, None, replace=True)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["index.json", "new.csv", "new.json"]
