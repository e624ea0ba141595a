"""The lexer reads SQL as the server does: random texts, split by the lexer, are what the server runs."""

from __future__ import annotations

import random

from streamproof.model.errors import SqlSourceError
from streamproof.sql.dialects import POSTGRES
from streamproof.sql.lexing import Kind, tokens

PIECES = (
    "/*", "*/", "--", "#", "\n", "\r", "'", '"', "`", "\\", "$", "$a$", "$$", "$1$", "a", "x", "1", ",", "/", "*", "-",
    " ", "\t", "E'", "e'\\''", "U&'", "x'5c'", "b'1'", "''", '""', "é", "::text",
)  # fmt: skip
STARTS = ("1 ", "'a", "E'", '1 AS "a', "$$a", "$a$")
RANDOM_TEXTS = 8_000
# Runs a text as a statement and returns whether the server reads it, and how many columns it has.
_ASKING = """
CREATE FUNCTION reads(one text) RETURNS boolean LANGUAGE plpgsql AS $f$
BEGIN
    EXECUTE 'EXPLAIN ' || one;
    RETURN true;
EXCEPTION
    WHEN OTHERS THEN RETURN false;
END
$f$
"""


def without_comments(text):
    # Blanks stay: two literals with a line feed between them are one.
    return "".join(" " if token.is_comment else token.text for token in tokens(text, "f", POSTGRES))


def test_random_texts_are_read_alike(filled):
    """What the server reads, the lexer reads too; and a text without its comments is the same to the server."""
    chance = random.Random(20261129)
    texts = [
        f"SELECT {chance.choice(STARTS)}{''.join(chance.choice(PIECES) for _ in range(chance.randint(1, 7)))}\n"
        for _ in range(RANDOM_TEXTS)
    ]
    filled.execute(_ASKING)
    asked = "SELECT array_agg(reads(t) ORDER BY n) FROM unnest({texts:text[]}) WITH ORDINALITY AS u (t, n)"
    sound = [
        text for text, is_read in zip(texts, filled.query(asked, {"texts": texts}).rows[0][0], strict=True) if is_read
    ]
    assert len(sound) > 300
    bare = []
    for text in sound:
        try:
            bare.append(without_comments(text))
        except SqlSourceError:
            raise AssertionError(f"the server reads {text!r}, the lexer does not") from None
    read = filled.query(asked, {"texts": bare}).rows[0][0]
    assert [text for text, is_read in zip(sound, read, strict=True) if not is_read] == []
    assert sum(any(token.kind is Kind.LITERAL for token in tokens(text, "f", POSTGRES)) for text in sound) > 50
