"""Damage one object of a clone: write its rows again, with another expression for a column.

A table is replaced by one without keys and constraints, which would refuse most damages, and the views are created
again so that they read it. A view gets another query, which all its readers follow. A savepoint undoes both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from streamproof.warehouse.clones import Damage, Target
from streamproof.warehouse.postgres.client import execute, quoted, rows
from streamproof.warehouse.postgres.cloning.damages import DOUBLE_ROW, LOSE_FAMILY, LOSE_ROW, damages_of
from streamproof.warehouse.postgres.cloning.sessions import CloneClient

_SOUND = "sound__"
_SAVEPOINT = "sound"
_VIEW = "v"


class ObjectDamaging:
    """Damages one object of a clone. `sound` is the FROM clause, without the keyword, of its original rows."""

    def __init__(
        self, client: CloneClient, target: Target, objects: Sequence[Mapping[str, Any]], restored: Callable[[], None]
    ) -> None:
        """Prepare the object. `objects` are all of the clone, as they were made, in the order of their creation.

        `restored` is called when the object has been restored.
        """
        self._restored = restored
        self._client = client
        self._target = target
        entry = next(found for found in objects if found["name"] == target.name)
        self._is_view = entry["kind"] == _VIEW
        client.save(f"whole_{_SAVEPOINT}")
        if self._is_view:
            self.sound = f"({str(entry['query']).rstrip().rstrip(';')}) AS sound"
        else:
            self.sound = f"{quoted(_SOUND + target.name)} AS sound"
            self._replace_table([found for found in objects if found["kind"] == _VIEW])
        client.save(_SAVEPOINT)

    def _replace_table(self, views: Sequence[Mapping[str, Any]]) -> None:
        name, sound = quoted(self._target.name), quoted(_SOUND + self._target.name)
        for view in reversed(views):
            execute(self._client, f"DROP VIEW {quoted(view['name'])}")
        execute(self._client, f"ALTER TABLE {name} RENAME TO {sound}")
        execute(self._client, f"CREATE TABLE {name} AS TABLE {sound}")
        for view in views:
            execute(self._client, f"CREATE VIEW {quoted(view['name'])} AS {view['query']}")

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
        counts = ["count(*)", *(_changes(damage) for damage in damages if damage.values)]
        sql = f"SELECT ARRAY[{', '.join(counts)}] AS counts FROM {self.sound}"  # noqa: S608 - our own names
        number, *changed = rows(self._client, sql)[0]["counts"]
        found = iter(changed)
        return [(next(found) if damage.values else number) > 0 for damage in damages]

    def apply(self, damage: Damage) -> None:
        """Replace the object's rows by its original rows with the damage. Raises WarehouseError."""
        self._client.undo(_SAVEPOINT)
        columns = self._target.shape.columns
        names = ", ".join(map(quoted, columns))
        values = ", ".join(f"{damage.values.get(name, quoted(name))} AS {quoted(name)}" for name in columns)
        query = f"SELECT {values} FROM {self.sound}"  # noqa: S608 - our own names
        if damage.name == LOSE_ROW:
            query += " OFFSET 1"
        elif damage.name == DOUBLE_ROW:
            query += f" UNION ALL (SELECT {names} FROM {self.sound} LIMIT 1)"  # noqa: S608 - our own names
        elif damage.name == LOSE_FAMILY:
            query += self._without_family()
        self._write(query)

    def _without_family(self) -> str:
        if not self._target.family:
            return " WHERE false"
        family = quoted(self._target.family)
        most = f"SELECT mode() WITHIN GROUP (ORDER BY {family}) FROM {self.sound}"  # noqa: S608 - our own names
        return f" WHERE {family} IS DISTINCT FROM ({most})"

    def _write(self, query: str) -> None:
        name = quoted(self._target.name)
        if self._is_view:
            execute(self._client, f"CREATE OR REPLACE VIEW {name} AS {query}")
            return
        execute(self._client, f"TRUNCATE TABLE {name}")
        execute(self._client, f"INSERT INTO {name} ({', '.join(map(quoted, self._target.shape.columns))}) {query}")

    def restore(self) -> None:
        """Restore the object. Raises WarehouseError."""
        self._client.undo(f"whole_{_SAVEPOINT}")
        self._restored()


def _changes(damage: Damage) -> str:
    """Return a SQL expression that counts the rows that a damage changes."""
    before = ", ".join(quoted(name) for name in damage.values)
    after = ", ".join(damage.values.values())
    return f"count(*) FILTER (WHERE ROW({before})::text IS DISTINCT FROM ROW({after})::text)"
