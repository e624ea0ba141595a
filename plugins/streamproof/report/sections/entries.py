"""Read the details of stages. What is not of the expected form is left out: a run folder may be old or damaged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streamproof.model.results import StageResult


def entries(result: StageResult | None, key: str) -> list[Mapping[str, Any]]:
    """Return the objects of a list in the details of a stage; empty when there is no such list."""
    found = result.details.get(key) if result else None
    return [entry for entry in found if isinstance(entry, Mapping)] if isinstance(found, list | tuple) else []


def nested(result: StageResult | None, key: str) -> Mapping[str, Mapping[str, Any]]:
    """Return the objects in an object in the details of a stage; empty when there is no such object."""
    found = result.details.get(key) if result else None
    if not isinstance(found, Mapping):
        return {}
    return {str(name): inner for name, inner in found.items() if isinstance(inner, Mapping)}


def amount(result: StageResult | None, key: str) -> int | None:
    """Return a count in the details of a stage, None when there is none."""
    found = result.details.get(key) if result else None
    return found if isinstance(found, int) and not isinstance(found, bool) and found >= 0 else None
