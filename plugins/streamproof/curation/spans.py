"""From when to when sessions and their events last, and the window of a set."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from streamproof.fixtures.ordering import ReplayPlan
from streamproof.model.errors import FixtureError, UsageError
from streamproof.model.window import EARLIEST, LATEST, Window, from_epoch_ms, parse_utc
from streamproof.packs.pack import Pack

_MINUTE_MS, _HOUR_MS = 60_000, 3_600_000
# How long a session lasts that has no end.
OPEN_SESSION_MS = 30 * _MINUTE_MS


@dataclass(frozen=True, slots=True)
class Span:
    """The times of a session, and of all events in its file, in Unix milliseconds; None where they are not known."""

    start_ms: int | None = None
    end_ms: int | None = None
    first_ms: int | None = None
    last_ms: int | None = None

    def with_event(self, time_ms: int, *, is_context: bool) -> Span:
        """Return the span with the time of one more event. The context does not belong to the session itself."""
        found = replace(self, first_ms=_least(self.first_ms, time_ms), last_ms=_greatest(self.last_ms, time_ms))
        if is_context:
            return found
        return replace(found, start_ms=_least(self.start_ms, time_ms), end_ms=_greatest(self.end_ms, time_ms))

    def between(self, start: object, end: object) -> Span:
        """Return the span with the start and end that a manifest states. An open session gets an assumed duration."""
        start_ms, end_ms = _stated(start), _stated(end)
        begin = self.start_ms if start_ms is None else start_ms
        if end_ms is None and start_ms is not None:
            end_ms = _greatest(self.end_ms, start_ms + OPEN_SESSION_MS)
        return replace(self, start_ms=begin, end_ms=self.end_ms if end_ms is None else end_ms)


def spans(plan: ReplayPlan, pack: Pack) -> Mapping[str, Span]:
    """Return the span of each session's events, by session name."""
    context = pack.context.families if pack.context else ()
    found: defaultdict[str, Span] = defaultdict(Span)
    held = [(event.session.name, event) for event in plan.events]
    held += [(repeat.session, repeat.published) for repeat in plan.repeats]
    for name, event in held:
        if event.event_ms is not None:
            found[name] = found[name].with_event(event.event_ms, is_context=event.event_type in context)
    return found


def window_of(found: Iterable[Span], padding_minutes: int) -> Window:
    """Return whole hours around the sessions with their padding, and around all events of their files.

    Raises FixtureError when no time is known.
    """
    known = list(found)
    padding = padding_minutes * _MINUTE_MS
    starts = [span.start_ms - padding for span in known if span.start_ms is not None]
    ends = [span.end_ms + padding for span in known if span.end_ms is not None]
    starts += [span.first_ms for span in known if span.first_ms is not None]
    ends += [span.last_ms for span in known if span.last_ms is not None]
    if not starts or not ends:
        raise FixtureError("No event of the set has a time.", hint="Give the lines `timestamp` or `__timestamp`.")
    first = from_epoch_ms(min(starts) // _HOUR_MS * _HOUR_MS)
    last = from_epoch_ms((max(*starts, *ends) // _HOUR_MS + 1) * _HOUR_MS)
    return Window(max(first, EARLIEST), min(last, LATEST))


def _stated(text: object) -> int | None:
    if not isinstance(text, str) or not text:
        return None
    try:
        return round(parse_utc(text).timestamp() * 1000)
    except UsageError as error:
        raise FixtureError(f"A session's time: {error.message}", hint=error.hint) from None


def _least(one: int | None, other: int) -> int:
    return other if one is None else min(one, other)


def _greatest(one: int | None, other: int) -> int:
    return other if one is None else max(one, other)
