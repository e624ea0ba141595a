"""Split ClickHouse SQL into code, literals, comments and parameters, so that text in a literal is not read as code.

Source: https://clickhouse.com/docs/sql-reference/syntax (comments, string literals, heredoc, query parameters).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum

from streamproof.model.errors import SqlSourceError


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


# The rules are those of ClickHouse's own lexer (tests/integration/sql/test_lexing.py compares them).
# - Only a line feed ends a line comment. `#` starts one only before a blank or `!`.
# - In quotes, a backslash escapes the next character. A doubled quote is a literal quote; here it gives two adjacent
#   tokens, which makes no difference.
# - Between typographic quotes, and in x'5c' and b'01', nothing is escaped.
# - Block comments nest: see `_comment_end`.
_LINE_COMMENT = r"(?:--|//|\#[ !])[^\n]*"
_QUOTED = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`|\u2018[^\u2019]*\u2019|\u201c[^\u201d]*\u201d"""
_HEREDOC = r"(?P<tag>\$[A-Za-z0-9_]*\$).*?(?P=tag)"
_BLANKS = r"[\t-\r \x85\xa0\u180e\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]+"
_NAME = r"[A-Za-z_]\w*"
_SILENT = rf"(?:{_BLANKS}|{_LINE_COMMENT}|/\*.*?\*/)*+"

# In order of precedence.
_PATTERN = re.compile(
    rf"""
    (?P<BLANK>{_BLANKS})
  | (?P<LINE_COMMENT>{_LINE_COMMENT})
  | (?P<BLOCK_COMMENT>/\*)
  | (?P<LITERAL>[xXbB]'[^']*'|{_QUOTED}|{_HEREDOC})
  | (?P<PARAMETER>\{{{_SILENT}(?P<name>{_NAME}){_SILENT}:{_SILENT}(?P<type>[A-Za-z_](?:{_QUOTED}|[^{{}}'"`])*)\}})
  | (?P<SEMICOLON>;)
  | (?P<unterminated>['"`\u2018\u201c])
  | (?P<CODE>[A-Za-z_$][A-Za-z0-9_$]*|\w+|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_OPEN_OR_CLOSE = re.compile(r"/\*|\*/")
_WORD = re.compile(r"\w+")


def line_of(text: str, offset: int) -> int:
    """Return the line, counted from 1, that holds the character at `offset`."""
    return text.count("\n", 0, offset) + 1


def tokens(text: str, source: str) -> Iterator[Token]:
    """Yield the tokens of `text` in order. Raises SqlSourceError (file and line) for an unclosed literal or comment."""
    position = 0
    while match := _PATTERN.match(text, position):
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


def parameter_of(token: Token) -> tuple[str, str]:
    """Return the name and the type of a parameter, without blanks and comments."""
    match = _PATTERN.match(token.text)
    if match is None or token.kind is not Kind.PARAMETER:
        raise ValueError(f"{token.text} is no parameter")
    parts = [" " if part.is_silent else part.text for part in tokens(match["type"], "a parameter")]
    return match["name"], "".join(parts).strip()


def names_in(text: str, names: Collection[str]) -> frozenset[str]:
    """Return the names that occur in a text as whole words, whether in code, a literal or a comment."""
    return frozenset(_WORD.findall(text)) & frozenset(names)


def statements(text: str, source: str) -> list[str]:
    """Split SQL text at its semicolons. Empty statements are dropped; comments before a statement stay.

    Raises SqlSourceError.
    """
    found: list[str] = []
    piece: list[Token] = []
    for token in (*tokens(text, source), Token(Kind.SEMICOLON, ";", len(text))):
        if token.kind is not Kind.SEMICOLON:
            piece.append(token)
            continue
        if not all(part.is_silent for part in piece):
            found.append("".join(part.text for part in piece).strip())
        piece = []
    return found
