"""The result model of column coverage: which damages of columns, rows and families the checks detect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

_NOTHING = "no damage changes a value: the fixture set must hold one that does"


class DamageOutcome(StrEnum):
    """The outcome of a damage. `covered`: a check failed. `no_effect`: it changed no value, so no check could fail."""

    COVERED = "covered"
    SURVIVED = "survived"
    NO_EFFECT = "no_effect"


@dataclass(frozen=True, slots=True)
class DamageResult:
    """The result of one damage. `column` is '' when whole rows were damaged, `a <> b` for two swapped columns.

    `checks` are the checks that failed with it. `reason` says why it survived.
    """

    table: str
    layer: str
    column: str
    damage: str
    outcome: DamageOutcome
    checks: tuple[str, ...] = ()
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return {
            "table": self.table,
            "layer": self.layer,
            "column": self.column,
            "damage": self.damage,
            "outcome": self.outcome.value,
            "checks": list(self.checks),
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class ColumnCoverage:
    """The results of all damages, the names of the damaged columns by object, and the exempt columns with reasons."""

    results: tuple[DamageResult, ...]
    columns: Mapping[str, Sequence[str]]
    exempt: Mapping[str, str]

    def survivors(self) -> list[dict[str, Any]]:
        """Return every damage that no check detected, and every column in which no damage changed a value."""
        found = [result.as_json() for result in self.results if result.outcome is DamageOutcome.SURVIVED]
        effective = {(s.table, s.column) for s in self.results if s.outcome is not DamageOutcome.NO_EFFECT}
        layers = {result.table: result.layer for result in self.results}
        for table, names in self.columns.items():
            for name in names:
                if (table, name) not in effective:
                    layer = layers.get(table, "")
                    found.append(
                        DamageResult(table, layer, name, "any", DamageOutcome.NO_EFFECT, reason=_NOTHING).as_json()
                    )
        return found

    def as_json(self) -> dict[str, Any]:
        """Return {columns, covered, exempt, survivors, damages, no_effect, matrix} as plain JSON data.

        `columns` and `covered` are numbers of columns; `exempt` maps `table.column` to the reason.
        """
        survivors = self.survivors()
        uncovered = {(entry["table"], name) for entry in survivors for name in entry["column"].split(" <> ")}
        total = [(table, name) for table, names in self.columns.items() for name in names]
        return {
            "columns": len(total),
            "covered": sum(column not in uncovered for column in total),
            "exempt": dict(self.exempt),
            "survivors": survivors,
            "damages": len(self.results),
            "no_effect": sum(result.outcome is DamageOutcome.NO_EFFECT for result in self.results),
            "matrix": [result.as_json() for result in self.results],
        }
