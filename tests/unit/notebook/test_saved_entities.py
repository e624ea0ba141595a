"""The rows of entities in saved tables, by the column of the id or by the columns of its parts."""

from __future__ import annotations

import pyarrow
import pyarrow.parquet
import pytest

from streamproof.content.saving import write_index
from streamproof.model.content import SavedContent, SavedTable
from streamproof.notebook import saved_entities
from streamproof.notebook.saved_entities import entity_tables

TABLES = {
    "sessions": {"workflow_session_id": ["a|1", "a|2", "b|1"], "errors": [0, 1, 2]},
    "events": {"stream_id": ["a", "a", "b"], "request_id": ["1", "2", "1"], "kind": ["x", "y", "z"]},
    "hours": {"hour": [1, 2]},
}


@pytest.fixture
def ctx(planned):
    ctx = planned()
    tables = []
    for name, columns in TABLES.items():
        file = ctx.folder.content / f"{name}.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        pyarrow.parquet.write_table(pyarrow.table(columns), file)
        tables.append(SavedTable("silver", name, file.name))
    write_index(ctx.folder.content, SavedContent(ctx.pack.name, tuple(tables)))
    return ctx


def test_rows_are_found_by_id_and_by_its_parts_and_other_tables_are_left_out(ctx):
    found = entity_tables(ctx, ["a|2", "nobody|9"])
    assert found["nobody|9"] == []
    assert [(table["name"], table["rows"]) for table in found["a|2"]] == [
        ("sessions", [{"workflow_session_id": "a|2", "errors": 1}]),
        ("events", [{"stream_id": "a", "request_id": "2", "kind": "y"}]),
    ]


def test_rows_that_are_left_out_are_counted(ctx, monkeypatch):
    monkeypatch.setattr(saved_entities, "MOST_ROWS", 0)
    table = entity_tables(ctx, ["a|1"])["a|1"][0]
    assert (table["rows"], table["total_rows"]) == ([], 1)


def test_a_run_that_saved_no_tables_has_no_rows(planned):
    assert entity_tables(planned(), ["a|1"]) == {}
