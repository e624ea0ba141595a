"""Convert query parameters to values that the driver can bind on the server, according to their SQL types."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from streamproof.warehouse.values import AsTyped

# A user types a value of these types as JSON, which is easier than ClickHouse's literals. The server reads the text of
# every other type.
_NESTED = ("Array", "Map", "Tuple", "Nested")
_WRAPPED = re.compile(r"\s*(?:Nullable|LowCardinality)\s*\((?P<inner>.*)\)\s*", re.DOTALL)
_TEXTS = ("String", "FixedString", "Enum", "Identifier")


class _Literal:
    """Text that the driver must send unchanged: a whole parameter, or a number inside one."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text


def bindable(
    parameters: Mapping[str, object] | None, types: Iterable[tuple[str, str]] = ()
) -> dict[str, object] | None:
    """Return the parameters in the form that the driver can bind.

    `types` are their types in the SQL; they are used for values that a user typed. A mapping becomes a ClickHouse Map
    literal, because the driver writes a dict as JSON unless a process-wide switch is set.
    """
    if not parameters:
        return None
    kinds = dict(types)
    return {name: _value(value, kinds.get(name, "String")) for name, value in parameters.items()}


def _value(value: object, kind: str) -> object:
    if isinstance(value, AsTyped):
        return _typed(value.text, kind)
    return _Literal(literal(value)) if isinstance(value, Mapping) else value


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
    """Return a JSON list or object as a ClickHouse literal. Text that is not JSON is taken for such a literal."""
    try:
        # Numbers stay text: a float could not hold all digits of an Int256 or a Decimal.
        data = json.loads(text, parse_int=_Literal, parse_float=_Literal)
    except ValueError:
        return _Literal(text)
    return _Literal(literal(data))


def literal(value: Any) -> str:
    """Return JSON-like data as a ClickHouse literal."""
    match value:
        case None:
            return "NULL"
        case bool():
            return "true" if value else "false"
        case str():
            return "'" + value.translate(_ESCAPES) + "'"
        case Mapping():
            return "{" + ",".join(f"{literal(key)}:{literal(entry)}" for key, entry in value.items()) + "}"
        case list() | tuple():
            return "[" + ",".join(map(literal, value)) + "]"
        case _:
            return str(value)


_ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"})
