"""A pack's rules of redaction: which texts of its events say nothing about anybody and stay."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from streamproof.model.fixture import ReplayRules

Kind = Literal["keep", "text", "replace"]
Path = tuple[str, ...]
Pattern = Annotated[str, Field(pattern=r"^\.?[^.]+(\.[^.]+)*$")]
_ANY_DEPTH = "**"


class RedactionRules(BaseModel):
    """Which texts of an event are replaced. A text that no pattern names is replaced: a new field does not leak.

    A pattern consists of field names, joined by dots; `*` stands for any part of a name, `**` for any number of names,
    and positions of arrays are not counted. It matches the end of a field's path: `url` is every field of this name, at
    any depth. A pattern with a dot in front matches the whole path from the event's root: `.type`.

    The texts of `keep` stay, but addresses, ids and hosts that can be recognised by their form are replaced in them,
    too. The texts of `text` are prose: equal texts get the same replacement, and equal words in two texts do not.
    `replace` are exceptions from the two. Integers in its fields are replaced as well; all other numbers stay. `keys`
    are objects whose keys are data: they are replaced. `keep_texts` are words or phrases that stay in any text.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    keep: tuple[Pattern, ...] = ()
    text: tuple[Pattern, ...] = ()
    replace: tuple[Pattern, ...] = ()
    keys: tuple[Pattern, ...] = ()
    keep_texts: tuple[Annotated[str, Field(min_length=1)], ...] = ()

    def with_event_fields(self, replay: ReplayRules) -> RedactionRules:
        """Return these rules with the fields that a replay reads: times, and the type of values without an envelope."""
        values = replay.values
        own = [".".join(path) for path in (values.type, *values.times) if path] if values else []
        times = replay.time_fields if values else [f"data.{path}" for path in replay.time_fields]
        return self.model_copy(update={"keep": (*self.keep, *(f".{path}" for path in (*own, *times)))})

    def kind_of(self, path: Path) -> Kind | None:
        """Return how the texts of a field are treated, None if no pattern names it."""
        if named(self.replace, path):
            return "replace"
        if named(self.text, path):
            return "text"
        return "keep" if named(self.keep, path) else None


def named(patterns: tuple[str, ...], path: Path) -> bool:
    """Return whether one of the patterns matches a field's path."""
    return any(_matches(pattern, path) for pattern in patterns)


def _matches(pattern: str, path: Path) -> bool:
    if pattern.startswith("."):
        return _fits(tuple(pattern[1:].split(".")), path)
    return _fits((_ANY_DEPTH, *pattern.split(".")), path)


def _fits(parts: Path, path: Path) -> bool:
    if not parts:
        return not path
    if parts[0] == _ANY_DEPTH:
        return _fits(parts[1:], path) or (bool(path) and _fits(parts, path[1:]))
    return bool(path) and fnmatchcase(path[0], parts[0]) and _fits(parts[1:], path[1:])
