"""What became of the damages of every column, row and family: the matrix of column coverage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

_NOTHING = "no damage changes a value: the fixture set must hold one that does"


class Sight(StrEnum):
    """What a damage showed. `no_effect`: it changed no value, so nobody could see it."""

    COVERED = "covered"
    SURVIVED = "survived"
    NO_EFFECT = "no_effect"


@dataclass(frozen=True, slots=True)
class Sighting:
    """What became of one damage. `column` is '' where whole rows were damaged, `a <> b` where two were swapped.

    `checks` are the checks that failed with it; `reason` says why it survived.
    """

    table: str
    layer: str
    column: str
    damage: str
    outcome: Sight
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
    """The damages of all objects, the columns that were to be damaged by object, and the exempt ones with reasons."""

    sightings: tuple[Sighting, ...]
    columns: Mapping[str, Sequence[str]]
    exempt: Mapping[str, str]

    def survivors(self) -> list[dict[str, Any]]:
        """Return every damage that nobody saw, and every column in which no damage changed a value."""
        found = [sighting.as_json() for sighting in self.sightings if sighting.outcome is Sight.SURVIVED]
        effective = {(s.table, s.column) for s in self.sightings if s.outcome is not Sight.NO_EFFECT}
        layers = {sighting.table: sighting.layer for sighting in self.sightings}
        for table, names in self.columns.items():
            for name in names:
                if (table, name) not in effective:
                    layer = layers.get(table, "")
                    found.append(Sighting(table, layer, name, "any", Sight.NO_EFFECT, reason=_NOTHING).as_json())
        return found

    def as_json(self) -> dict[str, Any]:
        """Return {columns, covered, exempt, survivors, damages, no_effect, matrix} as plain JSON data.

        `columns` and `covered` are numbers of columns; `exempt` maps `table.column` to the reason.
        """
        survivors = self.survivors()
        lost = {(entry["table"], name) for entry in survivors for name in entry["column"].split(" <> ")}
        total = [(table, name) for table, names in self.columns.items() for name in names]
        return {
            "columns": len(total),
            "covered": sum(place not in lost for place in total),
            "exempt": dict(self.exempt),
            "survivors": survivors,
            "damages": len(self.sightings),
            "no_effect": sum(sighting.outcome is Sight.NO_EFFECT for sighting in self.sightings),
            "matrix": [sighting.as_json() for sighting in self.sightings],
        }
