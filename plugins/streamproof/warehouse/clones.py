"""The port of a clone: a copy of a database in which a proof breaks data, runs checks, and restores the data."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from streamproof.warehouse.base import Warehouse
from streamproof.warehouse.values import Shape


@dataclass(frozen=True, slots=True)
class Change:
    """The objects of a clone that have changed: `changed` includes all of them, `gone` only those that are missing."""

    changed: frozenset[str]
    gone: frozenset[str]


class Clone(Warehouse, Protocol):
    """A database with the schema and the rows of another one. A proof breaks it, runs checks, and restores it."""

    def definitions(self) -> dict[str, str]:
        """Return the query of every view by name, '' for a table, as they were when the clone was made."""

    def change(self) -> Change:
        """Return what has changed since the clone was made or last restored."""

    def restore(self, change: Change | None = None) -> None:
        """Undo all changes. `change` is the result of `change()`, if the caller has it: that saves a query."""

    def forget_views(self, names: Collection[str]) -> None:
        """Drop these views from the view cache, so that queries read the views themselves again."""

    def damaging(self, target: Target) -> Damaging:
        """Return an object that damages one table or view."""

    def drop(self) -> None:
        """Drop the clone and close the connection."""


@dataclass(frozen=True, slots=True)
class Target:
    """One table or view to damage.

    `columns` holds the types of the columns that are not exempt. `family` is the column with a row's family, '' for
    none. A check of one of `layers` (the object's own and the next) must detect the damage.
    """

    name: str
    layer: str
    layers: tuple[str, ...]
    shape: Shape
    columns: Mapping[str, str]
    family: str = ""


@dataclass(frozen=True, slots=True)
class Damage:
    """One way to damage an object; `name` describes it for a reader.

    `column` is the damaged column, `a <> b` for two swapped columns, '' when whole rows are damaged. `values` holds the
    SQL expression that replaces each column; it is empty when whole rows are damaged.
    """

    table: str
    column: str
    name: str
    values: Mapping[str, str]


class Damaging(Protocol):
    """Damages one object of a clone, one damage after the other, and restores it at the end."""

    def damages(self, *, every: bool) -> list[tuple[Damage, bool]]:
        """Return the damages to try, and for each whether it changes any data that a query can read.

        Without `every`, there is one damage for each column: the first that changes a value.
        """

    def apply(self, damage: Damage) -> None:
        """Replace the object's rows by its original rows with this damage."""

    def restore(self) -> None:
        """Restore the object."""
