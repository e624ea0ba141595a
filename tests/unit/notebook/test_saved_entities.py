"""The rows of entities in saved tables, read as the pages of entities read them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pyarrow
import pyarrow.parquet
import pytest

from streamproof.content import entity_tables as pages
from streamproof.content.saving import write_index
from streamproof.model.content import SavedContent, SavedTable
from streamproof.notebook.saved_entities import entity_tables
from streamproof.packs.entity_pages import EntityPageRules

TABLES = {
    "sessions": {"workflow_session_id": ["a|1", "a|2", "b|1"], "errors": [0, 1, 2]},
    "events": {"stream_id": ["a", "a", "b"], "request_id": ["1", "2", "1"], "kind": ["x", "y", "z"]},
    "hours": {"hour": [1, 2]},
}
PAGE = {
    "blanks": ["_none"],
    "sections": [
        {"table": "raw", "title": "Raw events", "key": ["data.stream", "data.request"], "first": ["id"]},
        {
            "table": "offers", "title": "Offers", "related": {"columns": ["event"], "of": ["raw"], "value": "id"},
            "time": "at", "nearest": 1, "omit": ["event"],
        },
        {"table": "gone", "title": "Gone"},
    ],
}  # fmt: skip


@pytest.fixture
def saved(planned):
    """The function that saves tables and returns a run of a pack with that page of entities."""

    def save(tables, page=None):
        ctx = planned()
        ctx.folder.content.mkdir(parents=True, exist_ok=True)
        for name, columns in tables.items():
            pyarrow.parquet.write_table(pyarrow.table(columns), ctx.folder.content / f"{name}.parquet")
        index = tuple(SavedTable("silver", name, f"{name}.parquet") for name in tables)
        write_index(ctx.folder.content, SavedContent(ctx.pack.name, index))
        rules = EntityPageRules.model_validate(page) if page else None
        entities = ctx.pack.entities.model_copy(update={"page": rules})
        return replace(ctx, pack=ctx.pack.model_copy(update={"entities": entities}))

    return save


def test_without_a_page_rows_are_found_by_id_and_by_its_parts_and_other_tables_are_left_out(saved):
    found = entity_tables(saved(TABLES), ["a|2", "nobody|9"])
    assert [table["rows"] for table in found["nobody|9"]] == [[], []]
    assert [(table["layer"], table["name"], table["rows"]) for table in found["a|2"]] == [
        ("silver", "sessions", [{"workflow_session_id": "a|2", "errors": 1}]),
        ("silver", "events", [{"stream_id": "a", "request_id": "2", "kind": "y"}]),
    ]


def test_with_a_page_raw_and_related_rows_are_found_and_blanks_of_ids(saved):
    tables = {
        "raw": {"id": ["e1", "e2"], "data": ['{"stream": "a", "request": ""}', '{"stream": "b", "request": "1"}']},
        "offers": {"event": ["e1", "e1", "e2"], "at": [datetime(2026, 3, day) for day in (1, 2, 3)], "n": [1, 2, 3]},
    }
    raw, offers, gone = entity_tables(saved(tables, PAGE), ["a|_none"])["a|_none"]
    assert (raw["name"], raw["rows"]) == ("raw, Raw events", [{"id": "e1", "data": tables["raw"]["data"][0]}])
    assert (offers["name"], offers["total_rows"]) == ("offers, Offers, those nearest in time", 2)
    assert offers["rows"] == [{"at": "2026-03-01T00:00:00.000Z", "n": 1}]
    assert gone["error"].startswith("The run did not save this table")


def test_rows_that_are_left_out_are_counted(saved, monkeypatch):
    monkeypatch.setattr(pages, "MOST_SHOWN", 0)
    table = entity_tables(saved(TABLES), ["a|1"])["a|1"][0]
    assert (table["rows"], table["total_rows"]) == ([], 1)


@pytest.mark.parametrize("page", [None, {"sections": [{"table": "sessions", "title": "Sessions"}]}])
def test_a_torn_file_is_told_and_hides_nothing_else(saved, page):
    ctx = saved(TABLES, page)
    (ctx.folder.content / "sessions.parquet").write_bytes(b"PAR1 torn")
    first, *others = entity_tables(ctx, ["a|1"])["a|1"]
    assert first["error"].startswith("sessions.parquet cannot be read")
    assert [table["total_rows"] for table in others] == ([] if page else [1])


def test_text_that_is_no_utf8_is_shown_as_far_as_it_is(saved):
    tables = {"t": {"workflow_session_id": ["a|1"], "body": pyarrow.array([b"\xfe"]).view(pyarrow.string())}}
    (table,) = entity_tables(saved(tables), ["a|1"])["a|1"]
    assert table["rows"] == [{"workflow_session_id": "a|1", "body": "\N{REPLACEMENT CHARACTER}"}]


def test_a_run_that_saved_no_tables_says_so(planned):
    ctx = planned()
    assert [table["error"] for table in entity_tables(ctx, ["a|1"])["a|1"]] == ["The run has saved no tables."]
    ctx.folder.content.mkdir(parents=True)
    write_index(ctx.folder.content, SavedContent("livepeer", reason="The disk was full."))
    assert [table["error"] for table in entity_tables(ctx, ["a|1"])["a|1"]] == ["The disk was full."]


def test_tables_without_ids_are_none_of_an_entity(saved):
    assert entity_tables(saved({"hours": TABLES["hours"]}), ["a|1"]) == {"a|1": []}
