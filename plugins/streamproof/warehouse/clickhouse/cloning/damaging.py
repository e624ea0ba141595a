"""Damage one object of a clone: write its rows again, with another expression for a column.

For a view, the damaged rows are written to its table in the view cache, because queries read that table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from streamproof.warehouse.clickhouse.client import execute, rows
from streamproof.warehouse.clickhouse.cloning.damages import DOUBLE_ROW, LOSE_FAMILY, LOSE_ROW, damages_of
from streamproof.warehouse.clickhouse.comparing.comparison import quoted
from streamproof.warehouse.clones import Damage, Target

if TYPE_CHECKING:
    from streamproof.warehouse.clickhouse.cloning.clone import ClonedDatabase

_SOUND = "sound__"
# Rows with equal keys stay separate until a merge, as in the run. Computed (materialized) columns can be damaged too.
_SETTINGS: Mapping[str, object] = {"optimize_on_insert": 0, "insert_allow_materialized_columns": 1}


class ObjectDamaging:
    """Damages one object of a clone: table `sound` holds its original rows, and `written` receives the damaged ones."""

    def __init__(self, clone: ClonedDatabase, target: Target) -> None:
        self._clone = clone
        self._target = target
        if not target.shape.is_view:
            self.sound, self.written = f"{quoted(clone.source)}.{quoted(target.name)}", quoted(target.name)
            return
        clone.views.take({target.name})
        cache = quoted(clone.views.database)
        self.sound, self.written = f"{cache}.{quoted(_SOUND + target.name)}", f"{cache}.{quoted(target.name)}"
        execute(clone.client, f"CREATE TABLE {self.sound} AS {self.written} ENGINE = MergeTree ORDER BY ()")
        execute(clone.client, f"INSERT INTO {self.sound} SELECT * FROM {self.written}")  # noqa: S608 - our own names

    def damages(self, *, every: bool) -> list[tuple[Damage, bool]]:
        """Return the damages to try, and for each whether a query can see it. Raises WarehouseError."""
        found = list(damages_of(self._target.name, self._target.columns, every=every))
        changed = self._effects(found)
        if every:
            return list(zip(found, changed, strict=True))
        first: dict[str, tuple[Damage, bool]] = {}
        for damage, effect in zip(found, changed, strict=True):
            if damage.column not in first or (effect and not first[damage.column][1]):
                first[damage.column] = (damage, effect)
        return list(first.values())

    def _effects(self, damages: Sequence[Damage]) -> list[bool]:
        """Return for each damage whether a query can see it. One query over the original rows answers for all."""
        counts = ", ".join(_changes(damage) for damage in damages if damage.values) or "0"
        sql = f"SELECT count() AS number, [{counts}] AS changed FROM {self.sound}"  # noqa: S608
        row = rows(self._clone.client, sql)[0]
        changed = iter(row["changed"])
        return [
            next(changed) > 0 if damage.values else self._changes_rows(damage, int(row["number"])) for damage in damages
        ]

    def _changes_rows(self, damage: Damage, number: int) -> bool:
        """Return whether a damage of whole rows has an effect, in a table of `number` rows.

        A duplicate has none in a table that replaces rows: it may hold a row twice until it merges.
        """
        if damage.name == DOUBLE_ROW and self._target.shape.replaces:
            return False
        return number > 0

    def apply(self, damage: Damage) -> None:
        """Replace the object's rows by its original rows with the damage. Raises WarehouseError."""
        names = ", ".join(quoted(name) for name in self._target.shape.columns)
        # The values have no alias: in another value, the alias would hide the column of that name.
        values = ", ".join(damage.values.get(name, quoted(name)) for name in self._target.shape.columns)
        execute(self._clone.client, f"TRUNCATE TABLE {self.written}")
        for rest in self._rests(damage.name):
            sql = f"INSERT INTO {self.written} ({names}) SELECT {values} FROM (SELECT {names} FROM {self.sound}{rest})"  # noqa: S608
            execute(self._clone.client, sql, settings=_SETTINGS)

    def _rests(self, name: str) -> tuple[str, ...]:
        """Return what follows FROM in the statements that write the rows of a damage."""
        if name == LOSE_ROW:
            return (" LIMIT 18446744073709551615 OFFSET 1",)
        if name == DOUBLE_ROW:
            return ("", " LIMIT 1")
        if name == LOSE_FAMILY:
            family = self._target.family
            if not family:
                return (" WHERE 0",)
            column, table = quoted(family), self.sound
            return (f" WHERE {column} != (SELECT topK(1)({column})[1] FROM {table})",)  # noqa: S608 - our own names
        return ("",)

    def restore(self) -> None:
        """Restore the object. Raises WarehouseError."""
        if self._target.shape.is_view:
            self._clone.views.forget({self._target.name})
            execute(self._clone.client, f"DROP TABLE {self.sound} SYNC")
        else:
            self._clone.refill(self._target.name)


def _changes(damage: Damage) -> str:
    """Return a SQL expression that counts the rows that a damage changes."""
    before = ", ".join(quoted(name) for name in damage.values)
    after = ", ".join(damage.values.values())
    return f"countIf(formatRow('RowBinary', {before}) != formatRow('RowBinary', {after}))"
