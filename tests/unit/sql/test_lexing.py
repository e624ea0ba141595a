import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamproof.model.errors import SqlSourceError
from streamproof.sql.lexing import Kind, statements, tokens


@given(st.text(alphabet="abc '\"`;-/*\n\\$#{}:1", max_size=60))
def test_the_tokens_of_a_text_are_the_text(text):
    try:
        found = list(tokens(text, "f"))
    except SqlSourceError:
        return
    assert "".join(token.text for token in found) == text
    assert [token.start for token in found] == [sum(len(t.text) for t in found[:i]) for i in range(len(found))]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("SELECT 1; SELECT 2", ["SELECT 1", "SELECT 2"]),
        ("SELECT ';' ; -- a;b\nSELECT 2;", ["SELECT ';'", "-- a;b\nSELECT 2"]),
        (" ;; -- nothing\n;", []),
        ("SELECT $a$ ; $b$ $a$; SELECT `;`", ["SELECT $a$ ; $b$ $a$", "SELECT `;`"]),
        ("SELECT 1 # x;\n; #! y\nSELECT 2", ["SELECT 1 # x;", "#! y\nSELECT 2"]),
    ],
)
def test_a_script_is_split_at_its_own_semicolons(text, found):
    assert statements(text, "f") == found


@pytest.mark.parametrize(
    ("text", "parameter"),
    [
        ("{a:String}", True),
        ("{ a : DateTime64(3, 'UTC') }", True),
        ("{'a':1}", False),
        ("'{a:String}'", False),
        ("{1:2}", False),
    ],
)
def test_a_parameter_is_distinguished_from_a_map_and_from_text(text, parameter):
    assert (next(tokens(text, "f")).kind is Kind.PARAMETER) is parameter
