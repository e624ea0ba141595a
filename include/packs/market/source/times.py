"""Times of requests: ISO-8601 text or an integer of nanoseconds, and back. UTC where none is named."""

from __future__ import annotations

import datetime as dt

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def nanoseconds(text: str) -> int:
    """Return a time in nanoseconds since 1970 UTC. Raises ValueError for what is no time."""
    if text.isascii() and text.isdigit() and len(text) > 8:
        return int(text)
    whole, dot, rest = text.partition(".")
    fraction = rest[: len(rest) - len(rest.lstrip("0123456789"))] if dot else ""
    time = dt.datetime.fromisoformat(whole + rest[len(fraction) :])
    difference = (time if time.tzinfo else time.replace(tzinfo=dt.UTC)) - _EPOCH
    return (difference.days * 86_400 + difference.seconds) * 10**9 + int(f"{fraction:0<9}"[:9])


def iso(time_ns: int) -> str:
    """Return a time as the service writes it."""
    return f"{_EPOCH + dt.timedelta(seconds=time_ns // 10**9):%Y-%m-%dT%H:%M:%S}.{time_ns % 10**9:09d}Z"
