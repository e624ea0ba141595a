"""The entities of a pack, which its events belong to: sessions, symbols or rides, for example."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, model_validator

from streamproof.packs.entity_pages import EntityPageRules
from streamproof.packs.strict import Strict


class Fact(Strict):
    """One column of the report's table of entities. It is computed from an entity's facts in exactly one of three ways.

    `column` shows a fact unchanged. `greatest` shows the greatest of several counts. `first_true` maps texts to facts,
    and shows the text of the first fact that is true.
    """

    column: str = ""
    greatest: tuple[str, ...] = ()
    first_true: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_way(self) -> Fact:
        if sum(map(bool, (self.column, self.greatest, self.first_true))) != 1:
            raise ValueError("needs exactly one of column, greatest and first_true")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the names of the facts that the column uses."""
        return (self.column,) if self.column else (*self.greatest, *self.first_true.values())

    def of(self, facts: Mapping[str, Any]) -> Any:
        """Return the value that is shown for one entity, None if its facts do not give one."""
        if self.column:
            return facts.get(self.column)
        if self.greatest:
            return max((facts[name] for name in self.greatest if facts.get(name) is not None), default=None)
        return next((text for text, name in self.first_true.items() if facts.get(name)), None)


class Entities(Strict):
    """How entities are named and identified.

    `id` is the column, and the manifest's field, that holds an entity's id. If a manifest does not have that field, the
    id consists of its fields `id_parts`, joined by `|`. An event of one of `families` (of any family, if none is named)
    creates an entity. `facts` are the columns that the report shows, by title. `page` says what the page of an entity
    shows, None for no page.
    """

    name: str
    plural: str
    id: str
    id_parts: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    facts: dict[str, Fact] = Field(default_factory=dict)
    page: EntityPageRules | None = None
