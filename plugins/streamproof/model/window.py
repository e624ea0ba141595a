"""The half-open time window [from_ts, to_ts) in UTC that a run judges."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from streamproof.model.errors import UsageError

# The range of a warehouse's Date (to 2149) and DateTime (to 2106), less a day. Queries read up to a day beyond a
# window's ends and round to whole hours, and these types overflow silently.
EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)
LATEST = datetime(2106, 2, 6, tzinfo=UTC)

_HINT = "Give ISO-8601 times, for example --from-ts 2026-02-25T16:00:00Z --to-ts 2026-02-25T22:00:00Z."


def parse_utc(text: str) -> datetime:
    """Parse an ISO-8601 time. Without a zone it is UTC. The result is in UTC.

    Raises UsageError when the text is not a time.
    """
    try:
        parsed = datetime.fromisoformat(text.strip())
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(f"'{text}' is not an ISO-8601 time.", hint=_HINT) from None


def from_epoch_ms(milliseconds: int) -> datetime:
    """Convert Unix milliseconds to a UTC time exactly, without floats."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)


def iso_ms(moment: datetime) -> str:
    """Render a UTC time as ISO-8601 with exactly three decimals and a Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open window [from_ts, to_ts) between EARLIEST and LATEST; both ends are in UTC, in whole milliseconds.

    A fraction of a millisecond is rounded up. That changes nothing, because event times are whole milliseconds.
    """

    from_ts: datetime
    to_ts: datetime

    def __post_init__(self) -> None:
        for end in ("from_ts", "to_ts"):
            object.__setattr__(self, end, _whole_ms(getattr(self, end)))
        if self.from_ts < EARLIEST or self.to_ts > LATEST:
            raise UsageError(
                f"The window from {iso_ms(self.from_ts)} to {iso_ms(self.to_ts)} has an end beyond what a warehouse's "
                "dates hold.",
                hint=f"A window lies between {iso_ms(EARLIEST)} and {iso_ms(LATEST)}.",
            )
        if self.from_ts >= self.to_ts:
            raise UsageError(
                f"The window is empty: from {iso_ms(self.from_ts)} is not before to {iso_ms(self.to_ts)}.", hint=_HINT
            )

    @classmethod
    def parse(cls, from_text: str, to_text: str) -> Window:
        """Parse both ends from ISO-8601 text. Raises UsageError."""
        return cls(parse_utc(from_text), parse_utc(to_text))

    @classmethod
    def looking_back(cls, hours: float, *, now: datetime) -> Window:
        """Return the window of the last `hours` hours before `now`.

        Raises UsageError unless `hours` is positive and the window is within the limits.
        """
        return cls(now - timedelta(hours=hours), now)

    def query_parameters(self) -> dict[str, str]:
        """Return both ends as text for server-side parameters of type DateTime64(3, 'UTC')."""
        return {
            name: moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.") + f"{moment.microsecond // 1000:03d}"
            for name, moment in (("from_ts", self.from_ts), ("to_ts", self.to_ts))
        }

    def moved(self, milliseconds: int) -> Window:
        """Return the window moved by milliseconds. Raises UsageError when it would leave the limits."""
        span = timedelta(milliseconds=milliseconds)
        return Window(self.from_ts + span, self.to_ts + span)

    def as_json(self) -> dict[str, str]:
        """Return both ends as ISO-8601 text."""
        return {"from_ts": iso_ms(self.from_ts), "to_ts": iso_ms(self.to_ts)}


def _whole_ms(moment: datetime) -> datetime:
    part = -moment.microsecond % 1000
    # The greatest datetime has no next millisecond. A time beyond the limits is refused anyway.
    return moment + timedelta(microseconds=part) if moment < LATEST else moment


def window_from(
    from_ts: str | None, to_ts: str | None, lookback_hours: float | None, *, now: datetime
) -> Window | None:
    """Return the window that the options give, None if they give none. `now` is in UTC.

    Raises UsageError when both kinds of window are given, an end or a valid time is missing, or the window is empty or
    beyond EARLIEST or LATEST.
    """
    if lookback_hours is not None:
        if from_ts is not None or to_ts is not None:
            raise UsageError(
                "--lookback-hours and --from-ts/--to-ts exclude each other.", hint="Give one kind of window."
            )
        if not (math.isfinite(lookback_hours) and 0 < lookback_hours <= 24 * 366 * 100):
            raise UsageError(f"--lookback-hours {lookback_hours:g} is no span of time.", hint="Give hours above 0.")
        return Window.looking_back(lookback_hours, now=now)
    if (from_ts is None) != (to_ts is None):
        raise UsageError("A window has two ends.", hint="Give both --from-ts and --to-ts, or --lookback-hours.")
    return None if from_ts is None or to_ts is None else Window.parse(from_ts, to_ts)
