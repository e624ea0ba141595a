"""Files of SQL: what is read, and what is refused before anything starts."""

from __future__ import annotations

import pytest

from streamproof.model.errors import SqlSourceError
from streamproof.sql.blocks import parse_blocks, read_blocks
from streamproof.sql.scripts import read_script, script_of


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"-- caf\xe9\nSELECT 1;", r"f\.sql:1: byte 0xe9 is no UTF-8"),
        (b"SELECT 1;\n-- \xff", r"f\.sql:2: byte 0xff is no UTF-8"),
        ("SELECT 1".encode("utf-16"), "byte 0xff is no UTF-8"),
        ("SELECT 1".encode("utf-16-le"), "holds a NUL character"),
    ],
)
def test_a_file_that_is_not_utf_8_is_refused(tmp_path, content, says):
    file = tmp_path / "f.sql"
    file.write_bytes(content)
    for read in (read_script, read_blocks):
        with pytest.raises(SqlSourceError, match=says) as caught:
            read(file)
        assert caught.value.exit_code == 2


def test_a_byte_order_mark_and_line_ends_of_windows_are_no_part_of_the_text(tmp_path):
    file = tmp_path / "f.sql"
    file.write_bytes(b"\xef\xbb\xbf-- TEST: a\r\nSELECT 0 AS failed_rows;\r\n")
    assert [(block.name, block.sql) for block in read_blocks(file)] == [("a", "SELECT 0 AS failed_rows")]
    assert read_script(file) == ["-- TEST: a\nSELECT 0 AS failed_rows"]


def test_a_mark_inside_the_text_is_named():
    with pytest.raises(SqlSourceError, match="start of its line") as caught:
        parse_blocks("SELECT 1;\n\ufeff-- TEST: a\nSELECT 0", "f.sql")
    assert "\\ufeff" in caught.value.hint


@pytest.mark.parametrize("statement", ["USE other", "-- why\nuse other", "SELECT 1;\n/* a */ USE other;"])
def test_use_is_refused(statement):
    with pytest.raises(SqlSourceError, match="USE has no effect"):
        script_of(statement, "f.sql")


@pytest.mark.parametrize(
    "statement",
    ["SET a = 1", "USE b", "CREATE TEMPORARY TABLE t (a UInt8)", "create or replace temporary table t (a UInt8)"],
)
def test_a_mutation_that_leaves_nothing_is_refused(statement):
    with pytest.raises(SqlSourceError, match="mutation 'm' changes nothing") as caught:
        parse_blocks(f"-- TEST: a\nSELECT 0\n-- MUTATION: m\n{statement}", "f.sql")
    assert "f.sql:3" in caught.value.message
