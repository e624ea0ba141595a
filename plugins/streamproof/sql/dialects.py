"""The lexical rules in which the SQL dialects of warehouses differ, by kind of warehouse.

Sources: https://clickhouse.com/docs/sql-reference/syntax (comments, string literals, heredoc, query parameters) and
https://www.postgresql.org/docs/current/sql-syntax-lexical.html.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dialect:
    """The lexical rules of a dialect, as regular expressions in verbose mode.

    `line_comment` is a comment up to the end of its line; `quoted` are literals and names in quotes, `literals` the
    literals that come before these. `opening` are the quotes that must be closed. `escapes` says that a backslash in a
    string literal escapes the next character. Names are quoted with `name_quote`. The dollar-quoted `heredoc` has the
    group `tag`.
    """

    name: str
    line_comment: str
    quoted: str
    literals: str
    heredoc: str
    opening: str
    escapes: bool
    name_quote: str

    def string(self, value: object) -> str:
        """Quote a value as a string literal."""
        text = str(value)
        escaped = text.replace("\\", "\\\\").replace("'", "\\'") if self.escapes else text.replace("'", "''")
        return f"'{escaped}'"

    def identifier(self, name: str) -> str:
        """Quote a name of a table or column."""
        quote = self.name_quote
        text = name.replace("\\", "\\\\") if self.escapes else name
        return quote + text.replace(quote, f"\\{quote}" if self.escapes else quote * 2) + quote


# - Only a line feed ends a line comment. `#` starts one only before a blank or `!`.
# - In quotes, a backslash escapes the next character. A doubled quote is a literal quote; as two adjacent tokens, it
#   makes no difference.
# - Between typographic quotes, and in x'5c' and b'01', nothing is escaped.
CLICKHOUSE = Dialect(
    name="clickhouse",
    line_comment=r"(?:--|//|\#[ !])[^\n]*",
    quoted=r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`|\u2018[^\u2019]*\u2019|\u201c[^\u201d]*\u201d""",
    literals=r"[xXbB]'[^']*'",
    heredoc=r"(?P<tag>\$[A-Za-z0-9_]*\$).*?(?P=tag)",
    opening=r"['\"`\u2018\u201c]",
    escapes=True,
    name_quote="`",
)
# - A backslash is an ordinary character, except in E'...' and where that literal is continued on a later line. The
#   setting standard_conforming_strings must be on, as it is by default. A doubled quote is a literal quote.
# - A line comment ends at a carriage return, too.
POSTGRES = Dialect(
    name="postgres",
    line_comment=r"--[^\n\r]*",
    quoted=r"""'[^']*'|"[^"]*\"""",
    literals=r"[eE]'(?:[^'\\]|\\.|'')*'(?:\s*[\n\r]\s*'(?:[^'\\]|\\.|'')*')*",
    heredoc=r"(?P<tag>\$(?:[A-Za-z_\x80-\uffff][A-Za-z0-9_\x80-\uffff]*)?\$).*?(?P=tag)",
    opening=r"['\"]",
    escapes=False,
    name_quote='"',
)
DIALECTS = {dialect.name: dialect for dialect in (CLICKHOUSE, POSTGRES)}
