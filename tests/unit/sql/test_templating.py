import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamproof.model.errors import SqlSourceError
from streamproof.sql.lexing import Kind, tokens
from streamproof.sql.templating import render, sql_string


def test_a_template_is_filled_and_a_literal_quoted():
    text = render("{% if kafka %}SET x = {{ topic | sql_string }}{% endif %}", {"kafka": True, "topic": "it's"}, "f")
    assert text == "SET x = 'it\\'s'"


@pytest.mark.parametrize(
    ("text", "says"), [("{{ topic }}", "'topic' is undefined"), ("{% if %}", "f:1"), ("a\n{% nope %}", "f:2")]
)
def test_what_cannot_be_filled_is_named(text, says):
    with pytest.raises(SqlSourceError, match=says):
        render(text, {}, "f")


@given(st.text())
def test_a_quoted_value_is_one_literal_whatever_is_in_it(value):
    (only,) = tokens(sql_string(value), "f")
    assert only.kind is Kind.LITERAL
