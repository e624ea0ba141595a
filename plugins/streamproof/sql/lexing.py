"""Cut ClickHouse SQL into code, literals, comments and parameters, so that nothing in a literal is taken for code.

Source: https://clickhouse.com/docs/sql-reference/syntax (comments, string literals, heredoc, query parameters).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum

from streamproof.model.errors import SqlSourceError


class Kind(StrEnum):
    """What a piece of SQL text is."""

    CODE = "code"
    BLANK = "blank"
    LITERAL = "literal"
    LINE_COMMENT = "line comment"
    BLOCK_COMMENT = "block comment"
    PARAMETER = "parameter"
    SEMICOLON = "semicolon"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of SQL text; `start` is its offset in the text. The tokens of a text, joined, are the text."""

    kind: Kind
    text: str
    start: int

    @property
    def is_comment(self) -> bool:
        """Return whether the piece is a comment of either kind."""
        return self.kind in (Kind.LINE_COMMENT, Kind.BLOCK_COMMENT)

    @property
    def is_silent(self) -> bool:
        """Return whether the piece executes nothing."""
        return self.is_comment or self.kind is Kind.BLANK


# A backslash escapes the next character of a quoted literal; a doubled quote stands for itself (two literals side by
# side read the same here). `#` opens a comment only before a blank or `!`.
_LINE_COMMENT = r"--[^\n]*|\#[ !][^\n]*"
_BLOCK_COMMENT = r"/\*.*?\*/"
_LITERAL = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`|(?P<tag>\$\w*\$).*?(?P=tag)"""
# In a pattern with VERBOSE and DOTALL, what executes nothing or is data: no name in it names anything.
NOT_CODE = f"{_LINE_COMMENT}|{_BLOCK_COMMENT}|{_LITERAL}"

# In order of precedence.
_PATTERN = re.compile(
    rf"""
    (?P<BLANK>\s+)
  | (?P<LINE_COMMENT>{_LINE_COMMENT})
  | (?P<BLOCK_COMMENT>{_BLOCK_COMMENT})
  | (?P<LITERAL>{_LITERAL})
  | (?P<PARAMETER>\{{\s*[A-Za-z_]\w*\s*:\s*[A-Za-z_](?:[^{{}}])*\}})
  | (?P<SEMICOLON>;)
  | (?P<unterminated>['"`]|/\*)
  | (?P<CODE>\w+|.)
    """,
    re.VERBOSE | re.DOTALL,
)


_WORD = re.compile(r"\w+")


def line_of(text: str, offset: int) -> int:
    """Return the line, counted from 1, that holds the character at `offset`."""
    return text.count("\n", 0, offset) + 1


def tokens(text: str, source: str) -> Iterator[Token]:
    """Yield the pieces of `text` in order. Raises SqlSourceError (file and line) for a literal without an end."""
    for match in _PATTERN.finditer(text):
        kind = match.lastgroup if match.lastgroup != "tag" else Kind.LITERAL.name
        if kind == "unterminated":
            raise SqlSourceError(
                f"{source}:{line_of(text, match.start())}: {match[0]} is opened here and never closed.",
                hint="Close the literal or the comment; a backslash before a quote keeps it open.",
            )
        yield Token(Kind[str(kind)], match[0], match.start())


def names_in(text: str, names: Collection[str]) -> frozenset[str]:
    """Return which of the names stand in a text as whole words, wherever: in code, a literal or a comment."""
    return frozenset(_WORD.findall(text)) & frozenset(names)


def statements(text: str, source: str) -> list[str]:
    """Split SQL text at its semicolons. Pieces that execute nothing are dropped; comments before a statement stay.

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
