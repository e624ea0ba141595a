"""The page of one entity as data: what a run saved of it, and what its checks concluded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from streamproof.model.entities.scenarios import is_mislabelled
from streamproof.model.results import CheckResult
from streamproof.model.window import iso_ms


@dataclass(frozen=True, slots=True)
class Mark:
    """A row on the timeline. `start` and `end` are Unix milliseconds; a point in time has no end."""

    lane: str
    label: str
    start: int
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """The numbers of one column by time, as (Unix milliseconds, number) pairs in the order of time."""

    name: str
    points: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class EntityTable:
    """The rows of one table that belong to an entity.

    `rows` are at most as many as a page shows, `read` counts those that marks and series are made of, and
    `total` counts all. `note` says why nothing could be read, '' when
    it could. `unit` is that of the numbers of `series`. With `nearest`, `rows` are those nearest in time to the
    entity's first row, chosen among `nearest` rows.
    """

    title: str
    layer: str
    table: str
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()
    total: int = 0
    read: int = 0
    note: str = ""
    marks: tuple[Mark, ...] = ()
    series: tuple[Series, ...] = ()
    unit: str = ""
    nearest: int = 0


@dataclass(frozen=True, slots=True)
class EntityPage:
    """Everything that the page of an entity shows.

    `name` is the pack's word for an entity. `judged` is the entity's object of `sessions.json`, None when no oracle
    judged it. `titles` are the facts that the pack shows, by title. `failed` are the checks that name the entity.
    `layers` are the pack's layers in their order.
    """

    run_id: str
    pack: str
    name: str
    id: str
    layers: tuple[str, ...]
    tables: tuple[EntityTable, ...]
    titles: Mapping[str, Any]
    judged: Mapping[str, Any] | None = None
    failed: tuple[CheckResult, ...] = ()

    @property
    def differences(self) -> tuple[Mapping[str, Any], ...]:
        """Return the differences from the oracle."""
        found = (self.judged or {}).get("oracle_differences")
        return tuple(item if isinstance(item, Mapping) else {"difference": item} for item in found or ())

    @property
    def is_mislabelled(self) -> bool:
        """Return whether the scenario that was observed is not the expected one."""
        judged = self.judged or {}
        return is_mislabelled(judged.get("scenario_expected"), judged.get("scenario_observed"))

    @property
    def status(self) -> str:
        """Return `failed` when a check names the entity or it differs from the oracle's expectation, else `passed`.

        Without either, an entity that no oracle judged is `skipped`.
        """
        if self.failed or self.differences or self.is_mislabelled:
            return "failed"
        return "passed" if self.judged is not None else "skipped"


def moment(milliseconds: int) -> str:
    """Return Unix milliseconds as ISO-8601 UTC; a number that is no time of the calendar as itself."""
    try:
        return iso_ms(datetime.fromtimestamp(milliseconds / 1000, UTC))
    except (OverflowError, ValueError, OSError):
        return str(milliseconds)
