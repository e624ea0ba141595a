"""Turn plain JSON data back into the dataclasses of the model."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

T = TypeVar("T")


def from_json(kind: type[T], data: Mapping[str, Any]) -> T:
    """Return a dataclass from the JSON data of its fields, nested ones included.

    Unknown keys, which another version wrote, are ignored. Raises ValueError for data that does not fit.
    """
    try:
        found: T = _adapter(kind).validate_python(data)  # type: ignore[arg-type] # mypy takes no class for hashable
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"{'.'.join(map(str, first['loc'])) or kind.__name__}: {first['msg']}") from None
    return found


@cache
def _adapter(kind: type) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
