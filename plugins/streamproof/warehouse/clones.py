"""The port of a clone: a database that is broken on purpose, looked at, and restored."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from streamproof.warehouse.base import Warehouse
from streamproof.warehouse.values import Shape


@dataclass(frozen=True, slots=True)
class Change:
    """What is not as it was in a clone: `changed` objects have other rows or another definition, `gone` are lost."""

    changed: frozenset[str]
    gone: frozenset[str]


class Clone(Warehouse, Protocol):
    """A database with the schema and the rows of another one, to be broken, looked at, and restored."""

    def definitions(self) -> dict[str, str]:
        """Return the query of every view by name, '' for a table, as they were when the clone was made."""

    def change(self) -> Change:
        """Return what has changed since the clone was made or last restored."""

    def restore(self, change: Change | None = None) -> None:
        """Make the clone as it was; `change` spares a look when it is known."""

    def cached_views(self) -> frozenset[str]:
        """Return the names of the cached views."""

    def forget_views(self, names: Collection[str]) -> None:
        """Forget these views, as far as they are cached: whoever names one reads it anew."""

    def damaging(self, target: Target) -> Damaging:
        """Return the means to damage one object."""

    def drop(self) -> None:
        """Drop the clone and close the connection."""


@dataclass(frozen=True, slots=True)
class Target:
    """One object to damage. `columns` are the types of those that are not exempt, `family` tells its families apart.

    `layers` are the layers in which its damage must be seen: its own and the next.
    """

    name: str
    layer: str
    layers: tuple[str, ...]
    shape: Shape
    columns: Mapping[str, str]
    family: str = ""


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing that may go wrong with an object, by a name that a reader understands.

    `column` is the damaged column, '' where whole rows are; a swap names two, `a <> b`. `values` are the expressions
    that replace columns, in the warehouse's SQL; none where rows are damaged.
    """

    table: str
    column: str
    name: str
    values: Mapping[str, str]


class Damaging(Protocol):
    """One object of a clone, to be damaged again and again, and mended in the end."""

    def damages(self, *, every: bool) -> list[tuple[Damage, bool]]:
        """Return the damages to try, and whether each changes what a reader sees.

        Without `every`, one damage a column: the first that changes a value.
        """

    def apply(self, damage: Damage) -> None:
        """Write the object's rows with the damage."""

    def mend(self) -> None:
        """Make the object as it was."""
