"""Split SQL into code, literals, comments and parameters, so that text in a literal is not read as code.

A parameter is written `{name:Type}` in every dialect; the adapter of a warehouse turns it into what its driver binds.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from streamproof.model.errors import SqlSourceError
from streamproof.sql.dialects import CLICKHOUSE, Dialect


class Kind(StrEnum):
    """The kind of a token."""

    CODE = "code"
    BLANK = "blank"
    LITERAL = "literal"
    LINE_COMMENT = "line comment"
    BLOCK_COMMENT = "block comment"
    PARAMETER = "parameter"
    SEMICOLON = "semicolon"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of SQL text; `start` is its offset. The joined tokens of a text are the text itself."""

    kind: Kind
    text: str
    start: int

    @property
    def is_comment(self) -> bool:
        """Return whether the token is a comment of either kind."""
        return self.kind in (Kind.LINE_COMMENT, Kind.BLOCK_COMMENT)

    @property
    def is_silent(self) -> bool:
        """Return whether the token is blank or a comment, so that it executes nothing."""
        return self.is_comment or self.kind is Kind.BLANK


_BLANKS = r"[\t-\r \x85\xa0\u180e\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]+"
_NAME = r"[A-Za-z_]\w*"


@cache
def _pattern(dialect: Dialect) -> re.Pattern[str]:
    """Return the pattern of one token. Its alternatives are in order of precedence.

    The rules are those of the servers' own lexers (tests/integration/sql/test_lexing.py and
    tests/integration/warehouse/postgres/test_lexing.py compare them). Block comments nest: see `_comment_end`.
    """
    silent = rf"(?:{_BLANKS}|{dialect.line_comment}|/\*.*?\*/)*+"
    return re.compile(
        rf"""
        (?P<BLANK>{_BLANKS})
      | (?P<LINE_COMMENT>{dialect.line_comment})
      | (?P<BLOCK_COMMENT>/\*)
      | (?P<LITERAL>{dialect.literals}|{dialect.quoted}|{dialect.heredoc})
      | (?P<PARAMETER>
            \{{{silent}(?P<name>{_NAME}){silent}:{silent}(?P<type>[A-Za-z_](?:{dialect.quoted}|[^{{}}'"`])*)\}}
        )
      | (?P<SEMICOLON>;)
      | (?P<unterminated>{dialect.opening})
      | (?P<CODE>[A-Za-z_$][A-Za-z0-9_$]*|\w+|.)
        """,
        re.VERBOSE | re.DOTALL,
    )


_OPEN_OR_CLOSE = re.compile(r"/\*|\*/")
_WORD = re.compile(r"\w+")


def line_of(text: str, offset: int) -> int:
    """Return the line, counted from 1, that holds the character at `offset`."""
    return text.count("\n", 0, offset) + 1


def tokens(text: str, source: str, dialect: Dialect = CLICKHOUSE) -> Iterator[Token]:
    """Yield the tokens of `text` in order. Raises SqlSourceError (file and line) for an unclosed literal or comment."""
    pattern, position = _pattern(dialect), 0
    while match := pattern.match(text, position):
        kind, end = str(match.lastgroup), match.end()
        if kind == "unterminated":
            raise _never_closed(match[0], text, position, source)
        if kind == Kind.BLOCK_COMMENT.name:
            end = _comment_end(text, position, source)
        yield Token(Kind[kind], text[position:end], position)
        position = end


def _comment_end(text: str, start: int, source: str) -> int:
    """Return the end offset of the block comment that begins at `start`, including nested comments."""
    depth = 0
    for match in _OPEN_OR_CLOSE.finditer(text, start):
        depth += 1 if match[0] == "/*" else -1
        if depth == 0:
            return match.end()
    raise _never_closed("/*", text, start, source)


def _never_closed(what: str, text: str, offset: int, source: str) -> SqlSourceError:
    return SqlSourceError(
        f"{source}:{line_of(text, offset)}: {what} is opened here and never closed.",
        hint="Close the literal or the comment; a backslash before a quote keeps it open, and comments nest.",
    )


def parameter_of(token: Token, dialect: Dialect = CLICKHOUSE) -> tuple[str, str]:
    """Return the name and the type of a parameter, without blanks and comments."""
    match = _pattern(dialect).match(token.text)
    if match is None or token.kind is not Kind.PARAMETER:
        raise ValueError(f"{token.text} is no parameter")
    parts = [" " if part.is_silent else part.text for part in tokens(match["type"], "a parameter", dialect)]
    return match["name"], "".join(parts).strip()


def names_in(text: str, names: Collection[str]) -> frozenset[str]:
    """Return the names that occur in a text as whole words, whether in code, a literal or a comment."""
    return frozenset(_WORD.findall(text)) & frozenset(names)


def statements(text: str, source: str, dialect: Dialect = CLICKHOUSE) -> list[str]:
    """Split SQL text at its semicolons. Empty statements are dropped; comments before a statement stay.

    Raises SqlSourceError.
    """
    found: list[str] = []
    piece: list[Token] = []
    for token in (*tokens(text, source, dialect), Token(Kind.SEMICOLON, ";", len(text))):
        if token.kind is not Kind.SEMICOLON:
            piece.append(token)
            continue
        if not all(part.is_silent for part in piece):
            found.append("".join(part.text for part in piece).strip())
        piece = []
    return found
