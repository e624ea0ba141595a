"""Query parameters as the driver can bind them on the server: by the type that the SQL gives each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from streamproof.warehouse.values import AsTyped

# What is written as JSON, since nobody types ClickHouse's own literals; every other type is read from its text.
_NESTED = ("Array", "Map", "Tuple", "Nested")
_WRAPPED = re.compile(r"\s*(?:Nullable|LowCardinality)\s*\((?P<inner>.*)\)\s*", re.DOTALL)
_TEXTS = ("String", "FixedString", "Enum", "Identifier")


class _Literal:
    """Text that the driver must pass on as it stands: of a parameter, or of a number in one."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text


def bindable(
    parameters: Mapping[str, object] | None, types: Iterable[tuple[str, str]] = ()
) -> dict[str, object] | None:
    """Return the parameters as the driver can bind them; `types` are those of the SQL, for what a user typed.

    A mapping becomes a ClickHouse Map: the driver writes a dict as JSON unless a process-wide switch is set.
    """
    if not parameters:
        return None
    kinds = dict(types)
    return {name: _value(value, kinds.get(name, "String")) for name, value in parameters.items()}


def _value(value: object, kind: str) -> object:
    if isinstance(value, AsTyped):
        return _typed(value.text, kind)
    return _Literal(_literal(value)) if isinstance(value, Mapping) else value


def _typed(text: str, kind: str) -> object:
    inner, is_nullable = kind.strip(), False
    while wrapped := _WRAPPED.fullmatch(inner):
        is_nullable |= inner.startswith("Nullable")
        inner = wrapped["inner"].strip()
    if inner.startswith(_NESTED):
        return _nested(text)
    if is_nullable and text.strip().lower() == "null" and not inner.startswith(_TEXTS):
        return None
    return text


def _nested(text: str) -> object:
    """Return a list or an object in JSON as a ClickHouse literal; what is not JSON is one already."""
    try:
        # Numbers keep their digits: a float has fewer than an Int256 or a Decimal.
        data = json.loads(text, parse_int=_Literal, parse_float=_Literal)
    except ValueError:
        return _Literal(text)
    return _Literal(_literal(data))


def _literal(value: Any) -> str:
    match value:
        case None:
            return "NULL"
        case bool():
            return "true" if value else "false"
        case str():
            return "'" + value.translate(_ESCAPES) + "'"
        case Mapping():
            return "{" + ",".join(f"{_literal(key)}:{_literal(entry)}" for key, entry in value.items()) + "}"
        case list() | tuple():
            return "[" + ",".join(map(_literal, value)) + "]"
        case _:
            return str(value)


_ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"})
