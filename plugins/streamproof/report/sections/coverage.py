"""The matrix of column coverage as tables: the outcome of each damage, and the checks that detected it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from streamproof.model.results import StageResult

ROWS = "(rows)"


@dataclass(frozen=True, slots=True)
class Cell:
    """One damage of one column. `outcome` is covered, survived or no_effect; `title` names the checks or the reason."""

    outcome: str
    title: str


@dataclass(slots=True)
class CoverageTable:
    """One table or view: the names of its damages, and the cell of each damage by column."""

    name: str
    layer: str
    damages: list[str] = field(default_factory=list)
    columns: dict[str, dict[str, Cell]] = field(default_factory=dict)

    def number(self, outcome: str) -> int:
        """Return how many damages had this outcome."""
        return sum(cell.outcome == outcome for cells in self.columns.values() for cell in cells.values())

    @property
    def status(self) -> str:
        """Return failed when a damage survived, else passed."""
        return "failed" if self.number("survived") else "passed"

    def add(self, entry: Mapping[str, Any]) -> None:
        """Add one damage, an entry of the matrix in `coverage.json`."""
        damage = entry["damage"]
        if damage not in self.damages:
            self.damages.append(damage)
        title = ", ".join(entry["checks"]) or entry["reason"] or "changes no value"
        self.columns.setdefault(entry["column"] or ROWS, {})[damage] = Cell(entry["outcome"], title)


def coverage_tables(matrix: Iterable[Mapping[str, Any]]) -> list[CoverageTable]:
    """Return the tables of a matrix in its order, but those with a survivor first."""
    tables: dict[str, CoverageTable] = {}
    for entry in matrix:
        tables.setdefault(entry["table"], CoverageTable(entry["table"], entry["layer"])).add(entry)
    return sorted(tables.values(), key=lambda table: table.status != "failed")


def coverage(results: Mapping[str, StageResult]) -> dict[str, Any] | None:
    """Return column coverage with its matrix as tables; None if the run did not include it."""
    proof = results.get("prove")
    found = proof.details.get("coverage") if proof else None
    return {**found, "tables": coverage_tables(found["matrix"])} if found else None
