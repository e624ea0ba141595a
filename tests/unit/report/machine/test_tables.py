"""Rows as JSON, CSV and Markdown: types are kept, and nothing in them is run by a spreadsheet."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamproof.report.machine.tables import Table, as_csv, as_json, as_markdown

COLUMNS = {"id": "text", "n": "integer", "fee": "decimal", "at": "timestamp", "ids": "list", "gone": "null"}
ROWS = (
    ("a|b", -1, "-12.500000000000000001", "2026-03-01T02:15:00.000Z", ["x", "=1"], None),
    ("=1+1", 2**70, "7", None, {"k": None}, None),
)


def table(rows: tuple = ROWS, total: int | None = None, columns: dict[str, str] = COLUMNS) -> Table:
    total = len(rows) if total is None else total
    return Table("q", "sql/q.sql", tuple(columns), tuple(columns.values()), rows, total)


def cells(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_json_keeps_types_nulls_and_what_was_left_out():
    found = json.loads(as_json(table(total=5)))
    assert found["columns"] == [{"name": name, "type": kind} for name, kind in COLUMNS.items()]
    assert found["rows"][0] == list(ROWS[0])
    assert found["rows"][1][1:4] == [str(2**70), "7", None]
    assert (found["total_rows"], found["truncated"]) == (5, True)
    assert json.loads(as_json(table()))["truncated"] is False


def test_csv_is_what_spreadsheets_read():
    content = as_csv(table())
    assert content.startswith(b"\xef\xbb\xbfid,n,fee,at,ids,gone\r\n")
    assert cells(content)[1:] == [
        ["a|b", "-1", "-12.500000000000000001", "2026-03-01T02:15:00.000Z", '["x", "=1"]', ""],
        ["'=1+1", str(2**70), "7", "", '{"k": null}', ""],
    ]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
@pytest.mark.parametrize("kind", ["text", "mixed"])
def test_a_text_is_never_a_formula(start, kind):
    text = f"{start}cmd|' /C calc'!A0"
    head, row = cells(as_csv(table(((text,),), columns={text: kind})))
    assert (head, row) == ([f"'{text}"], [f"'{text}"])


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from('\n\r",;')), min_size=1))
def test_any_text_comes_back_from_csv(texts):
    found = cells(as_csv(table(tuple((text, 1) for text in texts), columns={"t": "text", "n": "integer"})))
    assert len(found) == len(texts) + 1
    for text, row in zip(texts, found[1:], strict=True):
        # Characters that no report can hold are replaced; an apostrophe stands before a formula.
        assert row[0].removeprefix("'" if not text.startswith("'") else "") == text.replace("\ufffe", "\ufffd").replace(
            "\uffff", "\ufffd"
        )


def test_markdown_is_a_table_that_no_cell_breaks():
    text = as_markdown(table((("a|b\n<b>", None),), total=3, columns={"id": "text", "x|y": "null"})).decode()
    assert text.splitlines() == [
        "## q", "", "| id | x\\|y |", "| --- | --- |", "| a\\|b &lt;b&gt; |  |", "", "The first 1 of 3 rows.",
    ]  # fmt: skip
    assert "No rows." in as_markdown(table(())).decode()
