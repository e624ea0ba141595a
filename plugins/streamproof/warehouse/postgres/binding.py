"""Turn SQL with parameters `{name:type}` and their values into what the driver binds.

The type is one of PostgreSQL's: `{from_ts:timestamptz}`, `{places:text[]}`. The value is cast to it, so the server
reads a text of every type.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from streamproof.model.errors import WarehouseError
from streamproof.sql.dialects import POSTGRES
from streamproof.sql.lexing import Kind, Token, parameter_of, tokens
from streamproof.warehouse.values import AsTyped

_JSON = ("json", "jsonb")


def bound(
    sql: str, parameters: Mapping[str, object] | None = None, types: Iterable[tuple[str, str]] = ()
) -> tuple[str, dict[str, Any] | None]:
    """Return a statement with the driver's placeholders, and the values that it names, None for no parameters.

    `types` are additional types for values that a user typed. A parameter without a value is left to the driver, which
    refuses the statement. Raises SqlSourceError for an unclosed literal or comment, WarehouseError for two statements:
    the second one could end the read-only transaction of a query.
    """
    found = list(tokens(sql, "the statement", POSTGRES))
    _refuse_second_statement(found)
    named = dict(parameter_of(token, POSTGRES) for token in found if token.kind is Kind.PARAMETER)
    if not named:
        return sql, None
    kinds = {**dict(types), **named}
    text = "".join(map(_as_placeholder, found))
    values = {name: _value(value, kinds[name]) for name, value in (parameters or {}).items() if name in named}
    return text, values


def _refuse_second_statement(found: Sequence[Token]) -> None:
    code = [token for token in found if not token.is_silent]
    for token, following in pairwise(code):
        if token.kind is Kind.SEMICOLON and following.kind is not Kind.SEMICOLON:
            raise WarehouseError(
                f"There is a second statement, which begins with {following.text}.",
                hint="Write one statement; a script of several is for --inject.",
            )


def _as_placeholder(token: Token) -> str:
    if token.kind is not Kind.PARAMETER:
        # Where there are parameters, the driver takes every percent sign for the beginning of one.
        return token.text.replace("%", "%%")
    name, kind = parameter_of(token, POSTGRES)
    return f"%({name})s::{kind}"


def _value(value: object, kind: str) -> Any:
    if isinstance(value, AsTyped):
        return _typed(value.text, kind)
    if kind in _JSON:
        return json.dumps(value)
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    return value


def _typed(text: str, kind: str) -> Any:
    """Return the value of a text that a user typed. A list may be JSON, which is easier than PostgreSQL's literal."""
    if not kind.endswith("[]"):
        return text
    try:
        found = json.loads(text, parse_int=str, parse_float=str)
    except ValueError:
        return text
    return found if isinstance(found, list) else text
