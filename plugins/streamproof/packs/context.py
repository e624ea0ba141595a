"""The section `context:` of a pack: events that belong to no entity, and that entities need all the same."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from streamproof.packs.strict import Strict

Dotted = Annotated[str, Field(pattern=r"^[^.]+(\.[^.]+)*$")]


class Context(Strict):
    """Events that say who somebody is whom the events of an entity name.

    `name` is what the context is, and `what` is what an entity names, both as words of a manifest's keys. Events of
    `families` hold at path `items` of their value an array of objects, or one object. Field `id` of an object is the
    identity; its fields `other_ids` are other names of the same. `named_by` are paths in the values of other events,
    which hold any of these. Letter case and blanks around a name do not count.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z_]*$")]
    what: Annotated[str, Field(pattern=r"^[a-z][a-z_]*$")]
    families: tuple[str, ...] = Field(min_length=1)
    items: Dotted
    id: str
    other_ids: tuple[str, ...] = ()
    named_by: tuple[Dotted, ...] = Field(min_length=1)
