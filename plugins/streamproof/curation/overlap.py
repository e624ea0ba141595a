"""Whether a session's file holds the context that its other events need, as the pack says in `context`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from streamproof.fixtures.ordering import ReplayPlan, is_rejected
from streamproof.fixtures.values import UnreadableError, read_value
from streamproof.model.fixture import FixtureEvent
from streamproof.packs.context import Context

_SHOWN = 5


@dataclass(slots=True)
class Overlap:
    """What the events of a session name, and whom the context in its file describes.

    `identities` holds the identities of the context by each of their names.
    """

    named: set[str] = field(default_factory=set)
    identities: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    @property
    def context(self) -> set[str]:
        """Return the identities that the context describes."""
        return {identity for found in self.identities.values() for identity in found}

    @property
    def shared(self) -> set[str]:
        """Return the identities that the session names by any of their names."""
        return {identity for name in self.named for identity in self.identities.get(name, ())}

    @property
    def unknown(self) -> list[str]:
        """Return the names of which the context knows nothing, sorted."""
        return sorted(name for name in self.named if name not in self.identities)

    @property
    def is_missing(self) -> bool:
        """Return whether the session names somebody, and the context knows none of them."""
        return bool(self.named) and not self.shared

    def as_json(self, context: Context) -> dict[str, Any]:
        """Return the counts of a dropped session as a manifest has them."""
        shared = sorted(self.shared)
        return {
            f"typed_{context.what}_count": len(self.named),
            f"{context.name}_canonical_{context.what}_count": len(self.context),
            f"overlap_{context.what}_count": len(shared),
            f"sample_overlap_{context.what}s": shared[:_SHOWN],
        }


def overlaps(plan: ReplayPlan, context: Context) -> Mapping[str, Overlap]:
    """Return the overlap of each session by its name. Events that must be rejected do not count."""
    found: dict[str, Overlap] = {session.name: Overlap() for session in plan.sessions}
    for name, event in _events(plan):
        if is_rejected(event):
            continue
        value = _value(plan.value(event))
        if event.event_type in context.families:
            _describe(found[name], value, context)
        else:
            found[name].named |= {text for path in context.named_by if (text := _name(_at(value, path)))}
    return found


def _events(plan: ReplayPlan) -> Iterator[tuple[str, FixtureEvent]]:
    """Yield every event with the name of each session whose file holds it."""
    for event in plan.events:
        yield event.session.name, event
    for repeat in plan.repeats:
        yield repeat.session, repeat.published


def _describe(overlap: Overlap, value: object, context: Context) -> None:
    items: Any = _at(value, context.items)
    for item in items if isinstance(items, list) else [items]:
        identity = _name(item.get(context.id)) if isinstance(item, dict) else ""
        if identity:
            for name in (context.id, *context.other_ids):
                if other := _name(item.get(name)):
                    overlap.identities[other].add(identity)


def _value(value: bytes | None) -> object:
    try:
        return read_value(value) if value else None
    except UnreadableError:
        return None


def _at(value: object, path: str) -> object:
    for name in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def _name(value: object) -> str:
    return value.strip().lower() if isinstance(value, str) else ""
