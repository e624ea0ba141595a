"""The lexical rules of PostgreSQL, where they differ from ClickHouse's."""

from __future__ import annotations

import pytest

from streamproof.model.errors import SqlSourceError
from streamproof.sql.blocks import parse_blocks
from streamproof.sql.dialects import CLICKHOUSE, POSTGRES
from streamproof.sql.lexing import Kind, parameter_of, statements, tokens
from streamproof.sql.templating import render

# What stands in a text, and its statements as PostgreSQL reads them.
CASES = {
    "a backslash is an ordinary character": (r"SELECT '\'; SELECT 2", [r"SELECT '\'", "SELECT 2"]),
    "an escape string escapes": (r"SELECT E'\';'; SELECT 2", [r"SELECT E'\';'", "SELECT 2"]),
    "an escape string goes on after a doubled quote": (
        r"SELECT E'a''\';'; SELECT 2",
        [r"SELECT E'a''\';'", "SELECT 2"],
    ),
    "an escape string continues on a later line": (
        "SELECT E'a' \n '\\';'; SELECT 2",
        ["SELECT E'a' \n '\\';'", "SELECT 2"],
    ),
    "a doubled quote is no end": ("SELECT 'a'';b'; SELECT 2", ["SELECT 'a'';b'", "SELECT 2"]),
    "a name in quotes": ('SELECT "a;b"', ['SELECT "a;b"']),
    "a dollar-quoted body": ("DO $x$ BEGIN; END $x$; SELECT 2", ["DO $x$ BEGIN; END $x$", "SELECT 2"]),
    "no tag begins with a digit": ("SELECT $1; SELECT $1", ["SELECT $1", "SELECT $1"]),
    "a hash is an operator": ("SELECT 1 # 2; SELECT 2", ["SELECT 1 # 2", "SELECT 2"]),
    "two slashes are no comment": ("SELECT 1 // 2; SELECT 2", ["SELECT 1 // 2", "SELECT 2"]),
    "a backtick is no quote": ("SELECT 1 ` 2; SELECT 2", ["SELECT 1 ` 2", "SELECT 2"]),
    "comments nest": ("SELECT 1 /* a /* ; */ ; */; SELECT 2", ["SELECT 1 /* a /* ; */ ; */", "SELECT 2"]),
}


@pytest.mark.parametrize("what", CASES)
def test_a_text_is_split_as_postgresql_reads_it(what):
    text, expected = CASES[what]
    assert statements(text, "f", POSTGRES) == expected


def test_a_line_comment_ends_at_a_carriage_return():
    assert [token.kind for token in tokens("--a\rb", "f", POSTGRES)] == [Kind.LINE_COMMENT, Kind.BLANK, Kind.CODE]


def test_a_parameter_has_a_type_of_postgresql():
    text = "SELECT {a:timestamp(3) with time zone}, { b : text[] }, '{c:text}', x::jsonb"
    found = [parameter_of(token, POSTGRES) for token in tokens(text, "f", POSTGRES) if token.kind is Kind.PARAMETER]
    assert found == [("a", "timestamp(3) with time zone"), ("b", "text[]")]


def test_blocks_are_read_by_the_dialect():
    text = "-- TEST: one\nSELECT '\\' AS a, {b:bigint} AS failed_rows;\n"
    assert parse_blocks(text, "f", POSTGRES)[0].parameters == (("b", "bigint"),)
    with pytest.raises(SqlSourceError, match="f:2"):
        parse_blocks(text, "f", CLICKHOUSE)


def test_a_name_is_quoted_by_the_dialect():
    assert POSTGRES.identifier('a"b\\') == '"a""b\\"'
    assert CLICKHOUSE.identifier("a`b\\") == r"`a\`b\\`"


def test_a_template_quotes_by_the_dialect():
    assert render("{{ a | sql_string }}", {"a": r"it's \ "}, "f", POSTGRES) == r"'it''s \ '"
    assert render("{{ a | sql_string }}", {"a": r"it's \ "}, "f") == r"'it\'s \\ '"
