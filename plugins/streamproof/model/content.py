"""The saved content of a run, and the differences between two contents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

Row = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class SavedTable:
    """The rows of one projection, and the path of their file, relative to the folder of the content."""

    layer: str
    name: str
    file: str


@dataclass(frozen=True, slots=True)
class SavedContent:
    """What a run has saved of its database, table by table in the order of the layers.

    `not_saved` are the tables that could not be saved, with the errors. `reason` says why nothing was saved, ''
    otherwise.
    """

    pack: str
    tables: tuple[SavedTable, ...] = ()
    not_saved: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return asdict(self)

    def in_brief(self) -> dict[str, Any]:
        """Return what the summary of a run says about it."""
        return {"tables": len(self.tables), "not_saved": dict(self.not_saved), "reason": self.reason or None}

    @property
    def notice(self) -> str:
        """Return the sentence about tables that could not be saved, '' if there are none."""
        if not self.not_saved:
            return ""
        name, error = next(iter(self.not_saved.items()))
        others = len(self.not_saved) - 1
        return (
            f"The content of {name}{f' and {others} more' if others else ''} was not saved, "
            f"so `streamproof diff` cannot compare this run: {error}"
        )


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """A row of A and one of B that differ in few columns: their values in these, and the values that are the same."""

    same: Row
    one: Row
    other: Row

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return {"same": dict(self.same), "a": dict(self.one), "b": dict(self.other)}


@dataclass(frozen=True, slots=True)
class UnequalRow:
    """A row that A has `times[0]` times and B `times[1]` times."""

    times: tuple[int, int]
    row: Row

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return {"times_a": self.times[0], "times_b": self.times[1], "row": dict(self.row)}


@dataclass(frozen=True, slots=True)
class TableDifference:
    """The rows of a table that only one of two contents has, or has more often.

    `only` are their numbers in A and in B, `rows` the numbers of all rows. `changed` and `unequal` are examples.
    """

    layer: str
    name: str
    rows: tuple[int, int]
    only: tuple[int, int]
    changed: tuple[ChangedRow, ...] = ()
    unequal: tuple[UnequalRow, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return {
            "layer": self.layer,
            "table": self.name,
            "rows_a": self.rows[0],
            "rows_b": self.rows[1],
            "only_in_a": self.only[0],
            "only_in_b": self.only[1],
            "changed": [row.as_json() for row in self.changed],
            "unequal": [row.as_json() for row in self.unequal],
        }


@dataclass(frozen=True, slots=True)
class ContentDifference:
    """The comparison of two contents of one pack, A and B, by the names that the user gave.

    `tables` is the number of compared tables, `rows` the numbers of all their rows. `differing` are the tables that
    differ, in the order of the layers.
    """

    names: tuple[str, str]
    pack: str
    tables: int
    rows: tuple[int, int]
    differing: tuple[TableDifference, ...] = ()

    @property
    def equal(self) -> bool:
        """Return whether no row differs."""
        return not self.differing

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        first = self.differing[0] if self.differing else None
        return {
            "a": self.names[0],
            "b": self.names[1],
            "pack": self.pack,
            "equal": self.equal,
            "tables": self.tables,
            "rows_a": self.rows[0],
            "rows_b": self.rows[1],
            "first": {"layer": first.layer, "table": first.name} if first else None,
            "differences": [table.as_json() for table in self.differing],
        }
