"""The entities that the events are about, as the report's table shows them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from streamproof.model.entities.scenarios import is_mislabelled
from streamproof.model.results import StageResult
from streamproof.report.formatting import decimal, number, whole
from streamproof.report.sections.entries import entries

_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z?")


@dataclass(frozen=True, slots=True)
class Session:
    """One entity. `facts` are the values that the pack shows, as text by title.

    `differences` counts the facts that differ from those of the oracle.
    """

    session_id: str
    facts: Mapping[str, str]
    expected: str
    observed: str
    differences: int

    @property
    def is_as_expected(self) -> bool:
        """Return whether the facts and the scenario are as expected."""
        return not self.differences and not self.is_mislabelled

    @property
    def is_mislabelled(self) -> bool:
        """Return whether the scenario that was observed is not the expected one."""
        return is_mislabelled(self.expected, self.observed)


@dataclass(frozen=True, slots=True)
class Sessions:
    """The entities that the report shows, unexpected ones first; `total` counts all.

    `name` and `plural` are the pack's names for them. `titles` are the columns of their facts.
    """

    shown: tuple[Session, ...]
    total: int
    file: str
    name: str
    plural: str

    @property
    def titles(self) -> tuple[str, ...]:
        """Return the titles of the facts."""
        return tuple(dict.fromkeys(title for session in self.shown for title in session.facts))


def sessions(results: Mapping[str, StageResult]) -> Sessions | None:
    """Return the entities from the details of stage `oracle`, None when there are none."""
    result = results.get("oracle")
    shown = tuple(_session(entry) for entry in entries(result, "sessions"))
    if result is None or not shown:
        return None
    names = result.details.get("entities") or {}
    return Sessions(
        shown,
        total=whole(result.details.get("sessions_total")) or len(shown),
        file=str(result.details.get("file")),
        name=str(names.get("name") or "session"),
        plural=str(names.get("plural") or "sessions"),
    )


def _session(entry: Mapping[str, Any]) -> Session:
    facts = entry.get("facts")
    return Session(
        session_id=str(entry.get("id") or ""),
        facts={title: _fact(item) for title, item in facts.items()} if isinstance(facts, Mapping) else {},
        expected=str(entry.get("scenario_expected") or ""),
        observed=str(entry.get("scenario_observed") or ""),
        differences=whole(entry.get("differences")),
    )


def _fact(item: Any) -> str:
    """Render a fact: a fraction with two decimals, a time without `T` and `Z`."""
    if isinstance(item, str):
        return item.replace("T", " ").removesuffix("Z") if _TIME.fullmatch(item) else item
    return number(item) if isinstance(item, int) else decimal(item)
