"""Let a query read tables in place of what it names, and mean the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from streamproof.sql.lexing import NOT_CODE, names_in, tokens, without_nested_comments

# What may follow a table that has no alias of its own. After any other word nobody can say whether it is one.
_NO_ALIAS = re.compile(
    r"\)|PREWHERE|WHERE|GROUP|HAVING|WINDOW|QUALIFY|ORDER|LIMIT|OFFSET|FETCH|SETTINGS|FORMAT|UNION|INTERSECT|EXCEPT"
    r"|ON|USING|JOIN|INNER|LEFT|RIGHT|FULL|CROSS|GLOBAL|ANY|ALL|ASOF|SEMI|ANTI|PASTE|ARRAY|"
)


def stand_in(sql: str, tables: Mapping[str, str]) -> str:
    """Return a query that reads `tables[name]` where this one reads `name`.

    A table takes the place of its name behind FROM and JOIN. A common table expression of that name would do everywhere
    but takes ClickHouse longer to plan: it is what is left for a name that also stands elsewhere, as in a list.
    """
    if not names_in(sql, tables):
        return sql
    sql = without_nested_comments(sql)
    uses = [use for use in _uses(tuple(sorted(tables))).finditer(sql) if use["name"]]
    elsewhere = {use["name"] for use in uses if _replaced(use, "") is None}
    pieces: list[str] = []
    end = 0
    for use in uses:
        name = use["name"]
        pieces += sql[end : use.start()], (None if name in elsewhere else _replaced(use, tables[name])) or use[0]
        end = use.end()
    direct = "".join((*pieces, sql[end:]))
    return _under_names(direct, {name: tables[name] for name in sorted(elsewhere)})


@lru_cache(maxsize=16)
def _uses(names: tuple[str, ...]) -> re.Pattern[str]:
    """Return a pattern that finds the names in code, with what stands before and after each."""
    any_name = "|".join(re.escape(name) for name in names)
    # Most characters start none of this: to look at each once is most of what the search costs.
    starts = re.escape("".join({*"fFjJ`'\"$#-/\u2018\u201c", *(name[0] for name in names)}))
    return re.compile(
        rf"""
        (?=[{starts}])(?:
            (?P<reads>\b(?i:FROM|JOIN)\s+)?(?P<quote>`?)\b(?P<name>{any_name})\b(?P=quote)
            (?=\s*(?P<after>\w+|.|\Z))
          | {NOT_CODE}
        )
        """,
        re.VERBOSE | re.DOTALL,
    )


def _replaced(use: re.Match[str], table: str) -> str | None:
    """Return what to write where a name is used; None where a table cannot take its place."""
    follows = use["after"].upper()
    if follows == ".":
        # It qualifies a column, which an alias of that name allows.
        return use[0]
    if not use["reads"]:
        return None
    if follows == "AS":
        return f"{use['reads']}`{table}`"
    return f"{use['reads']}`{table}` AS `{use['name']}`" if _NO_ALIAS.fullmatch(follows) else None


def _under_names(sql: str, tables: Mapping[str, str]) -> str:
    """Return the query with a common table expression over each table."""
    if not tables:
        return sql
    held = ", ".join(f"`{name}` AS (SELECT * FROM `{table}`)" for name, table in tables.items())  # noqa: S608
    first = next(token for token in tokens(sql, "a query") if not token.is_silent)
    has_with = first.text.upper() == "WITH"
    rest = sql[first.start + len(first.text) :] if has_with else sql[first.start :]
    return f"{sql[: first.start]}WITH {held}{', ' if has_with else ' '}{rest}"
