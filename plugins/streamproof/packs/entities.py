"""What the events of a pack are about (a session, a symbol, a ride), as far as the engine must know it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, model_validator

from streamproof.packs.strict import Strict


class Fact(Strict):
    """One column of the report's table of entities, made of the facts of an entity by exactly one of three ways.

    `column` shows a fact as it is. `greatest` shows the greatest of some counts. `first_true` shows the text of the
    first fact that holds; keys are texts, values are facts.
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
        """Return the facts that the column is made of."""
        return (self.column,) if self.column else (*self.greatest, *self.first_true.values())

    def of(self, facts: Mapping[str, Any]) -> Any:
        """Return what is shown of one entity; None where its facts do not say."""
        if self.column:
            return facts.get(self.column)
        if self.greatest:
            return max((facts[name] for name in self.greatest if facts.get(name) is not None), default=None)
        return next((text for text, name in self.first_true.items() if facts.get(name)), None)


class Entities(Strict):
    """How entities are named and told apart.

    `id` is the column that holds an entity's id, and the field of a manifest that states it; where a manifest does not,
    the id is its fields `id_parts`, joined by `|`. `families` are the families of events that make an entity (any, when
    none is named). `facts` are the columns that the report shows, by title.
    """

    name: str
    plural: str
    id: str
    id_parts: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    facts: dict[str, Fact] = Field(default_factory=dict)
