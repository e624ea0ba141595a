"""The base of the models that files of a pack are read into."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """A model that never changes and refuses keys that it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)
