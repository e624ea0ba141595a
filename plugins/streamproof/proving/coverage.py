"""Damage every column, row and family of every object on clones of a run's database, and see which check notices.

An object is damaged by writing its rows anew, with one expression in place of a column. A view is damaged in the table
that its readers read in its place. The checks that read the object are asked one after the other until one fails.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from streamproof.checks.comparison import quoted
from streamproof.checks.parity import Shape
from streamproof.model.coverage import Sight, Sighting
from streamproof.model.plan import CONTRACTS
from streamproof.model.results import CheckResult, Status
from streamproof.proving.damages import DOUBLE_ROW, LOSE_FAMILY, LOSE_ROW, Damage, damages_of
from streamproof.proving.mutations import Bench, Subject
from streamproof.warehouse.clickhouse.client import execute, rows
from streamproof.warehouse.clickhouse.clone import Clone
from streamproof.warehouse.clickhouse.view_cache import PREFIX as HELD

_SOUND = "sound__"
# Equal keys stay apart until a merge, as they did in the run; columns that the schema computes can be damaged, too.
_SETTINGS: Mapping[str, object] = {"optimize_on_insert": 0, "insert_allow_materialized_columns": 1}


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


class _Place:
    """Where an object is damaged in a clone: `sound` holds its sound rows, `written` is the table written anew."""

    def __init__(self, clone: Clone, target: Target, source: str) -> None:
        self._clone = clone
        self._target = target
        self._source = source
        if not target.shape.is_view:
            self.sound, self.written = f"{quoted(source)}.{quoted(target.name)}", quoted(target.name)
            return
        clone.views.take({target.name})
        self.sound, self.written = quoted(_SOUND + target.name), quoted(HELD + target.name)
        execute(clone.client, f"CREATE TABLE {self.sound} AS {self.written} ENGINE = MergeTree ORDER BY ()")
        execute(clone.client, f"INSERT INTO {self.sound} SELECT * FROM {self.written}")  # noqa: S608 - our own names

    def write(self, damage: Damage) -> None:
        """Write the object's rows with the damage."""
        names = ", ".join(quoted(name) for name in self._target.shape.columns)
        # No value has an alias: it would take the place of the column in the value of another one.
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

    def mend(self) -> None:
        """Make the clone as it was."""
        if self._target.shape.is_view:
            self._clone.views.forget({self._target.name})
            execute(self._clone.client, f"DROP TABLE {self.sound} SYNC")
        else:
            self._clone.refill(self._target.name)


class Coverage:
    """Damages objects and asks the checks of a bench that read them."""

    def __init__(self, bench: Bench, source: str, *, every: bool, say: Callable[[str], None] = lambda _: None) -> None:
        """`source` is the run's database. Without `every`, one damage a column: the first that changes a value."""
        self._bench = bench
        self._source = source
        self._every = every
        self._say = say

    def see_all(self, clones: Sequence[Clone], targets: Iterable[Target]) -> Iterator[Sighting]:
        """Yield what became of every damage of every object, one object at a time on each clone.

        Raises WarehouseError when a clone is lost or a damage cannot be written.
        """
        free: queue.SimpleQueue[Clone] = queue.SimpleQueue()
        for clone in clones:
            free.put(clone)

        def see(target: Target) -> list[Sighting]:
            clone = free.get()
            try:
                return self.see(clone, target)
            finally:
                free.put(clone)

        with ThreadPoolExecutor(max_workers=len(clones), thread_name_prefix="coverage") as pool:
            for found in pool.map(see, targets):
                yield from found

    def see(self, clone: Clone, target: Target) -> list[Sighting]:
        """Return what became of every damage of one object. Raises WarehouseError."""
        place = _Place(clone, target, self._source)
        try:
            readers = self._readers(target)
            found = []
            for damage, changed in self._chosen(clone, target, place):
                found.append(
                    self._seen(clone, target, place, damage, readers) if changed else _no_effect(target, damage)
                )
        finally:
            place.mend()
        survived = sum(sighting.outcome is Sight.SURVIVED for sighting in found)
        self._say(f"{target.name}: {len(found)} damages, {survived} survived")
        return found

    def _chosen(self, clone: Clone, target: Target, place: _Place) -> Iterator[tuple[Damage, bool]]:
        """Yield the damages to try, and whether each changes anything."""
        damages = list(damages_of(target.name, target.columns, every=self._every))
        changed = self._effects(clone, target, place, damages)
        if self._every:
            yield from zip(damages, changed, strict=True)
            return
        first: dict[str, tuple[Damage, bool]] = {}
        for damage, effect in zip(damages, changed, strict=True):
            if damage.column not in first or (effect and not first[damage.column][1]):
                first[damage.column] = (damage, effect)
        yield from first.values()

    def _effects(self, clone: Clone, target: Target, place: _Place, damages: Sequence[Damage]) -> list[bool]:
        """Return whether each damage changes what a reader sees, from one look at the sound rows."""
        counts = ", ".join(_changes(damage) for damage in damages if damage.values) or "0"
        sql = f"SELECT count() AS number, [{counts}] AS changed FROM {place.sound}"  # noqa: S608
        row = rows(clone.client, sql)[0]
        changed = iter(row["changed"])
        return [
            next(changed) > 0 if damage.values else _loses_or_doubles(damage, target, int(row["number"]))
            for damage in damages
        ]

    def _readers(self, target: Target) -> list[Subject]:
        """Return the subjects to ask, the likeliest and quickest first: what compares every value, contracts last."""
        readers = self._bench.naming(target.name)
        return sorted(readers, key=lambda s: (s.layer != target.layer, s.look is None, s.suite == CONTRACTS))

    def _seen(
        self, clone: Clone, target: Target, place: _Place, damage: Damage, readers: Sequence[Subject]
    ) -> Sighting:
        place.write(damage)
        elsewhere: list[str] = []
        for subject in readers:
            failed = _failing(subject, clone)
            near = tuple(name for name, layer in failed if layer in target.layers)
            if near:
                return Sighting(target.name, target.layer, damage.column, damage.name, Sight.COVERED, near)
            elsewhere += [name for name, _ in failed]
        names = ", ".join(elsewhere)
        reason = f"seen only in other layers, by {names}" if elsewhere else "no check fails"
        return Sighting(target.name, target.layer, damage.column, damage.name, Sight.SURVIVED, tuple(elsewhere), reason)


def _failing(subject: Subject, clone: Clone) -> list[tuple[str, str]]:
    """Return the name and layer of each check of a subject that fails on a clone as it is."""
    if subject.look is not None:
        names = subject.checks if subject.look(clone.client, clone.views) else ()
        return [(name, subject.layer) for name in names]
    results = subject.run(clone.client, clone.views)
    return [(check.name, check.layer) for check in results if _has_seen(check)]


def _has_seen(check: CheckResult) -> bool:
    return check.status is Status.FAILED and not check.informational


def _no_effect(target: Target, damage: Damage) -> Sighting:
    return Sighting(target.name, target.layer, damage.column, damage.name, Sight.NO_EFFECT)


def _changes(damage: Damage) -> str:
    """Return an expression that counts the rows which a damage changes."""
    before = ", ".join(quoted(name) for name in damage.values)
    after = ", ".join(damage.values.values())
    return f"countIf(formatRow('RowBinary', {before}) != formatRow('RowBinary', {after}))"


def _loses_or_doubles(damage: Damage, target: Target, number: int) -> bool:
    """Tell whether a damage of whole rows is one: a table that replaces rows may hold one twice until it merges."""
    if damage.name == DOUBLE_ROW and "Replacing" in target.shape.engine:
        return False
    return number > 0
